export { DIALECTS, type Dialect, type DialectName } from "./dialect.js";
export { s3, type S3Options } from "./s3.js";
export type { Credentials } from "./sdk/load.js";
