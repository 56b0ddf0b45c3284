import type { Options } from "tsup";
import { packageBuild } from "../../tsup.base.js";

/** p-retry and what it needs are ESM only. */
const config: Options = packageBuild(
  ["p-retry", "is-network-error"],
  ["src/index.ts", "src/provider.ts", "src/journal.ts"],
);

export default config;
