import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({ test: { name: "split-rollout", testTimeout: 60_000 } });

export default config;
