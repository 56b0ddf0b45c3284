import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    setupFiles: ["./src/testing/setup.test-support.ts"],
    name: "core",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

export default config;
