import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Vitest 4 does not look for this file by itself: every script passes it with `--config`. */
const config: ViteUserConfig = defineConfig({
  test: { projects: ["packages/*", "examples/*", "docs"] },
});

export default config;
