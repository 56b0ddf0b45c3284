export { DIALECTS, type Dialect, type DialectName } from "./dialect.js";
export { cloudFrontCookies, cloudFrontUrl, type CloudFrontKey, type CloudFrontLimits } from "./cloudfront.js";
export { copyBetween, type ObjectPlace } from "./copy-between.js";
export { objectVersion, type ObjectVersion } from "./object-version.js";
export { probe } from "./probe.js";
export type { ResumableState, SourceFacts } from "./resumable-state.js";
export { abortResumableUpload, resumableUpload, type ResumableUploadOptions } from "./resumable-upload.js";
export { s3, type S3Options } from "./s3.js";
export type { Credentials } from "./sdk/load.js";
