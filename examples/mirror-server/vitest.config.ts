import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({ test: { name: "mirror-server", testTimeout: 60_000 } });

export default config;
