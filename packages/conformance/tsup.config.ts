import type { Options } from "tsup";
import { packageBuild } from "../../tsup.base.js";

const config: Options = packageBuild([], ["src/index.ts", "src/http.ts"]);

export default config;
