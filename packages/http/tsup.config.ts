import type { Options } from "tsup";
import { packageBuild } from "../../tsup.base.js";

const config: Options = packageBuild([
  "file-type",
  "strtok3",
  "token-types",
  "uint8array-extras",
  "@tokenizer/inflate",
  "@borewit/text-codec",
]);

export default config;
