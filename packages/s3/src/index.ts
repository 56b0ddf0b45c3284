export { DIALECTS, type Dialect, type DialectName } from "./server/dialect.js";
export { cloudFrontCookies, cloudFrontUrl, type CloudFrontLimits } from "./links/cloudfront.js";
export { copyBetween, type ObjectPlace } from "./copy-between.js";
export type {
  Encryption,
  ObjectAcl,
  ObjectLock,
  ObjectOptions,
  StorageClass,
} from "./server/object-options.js";
export { objectVersion, type ObjectVersion } from "./object-version.js";
export { probe } from "./probe.js";
export type { ResumableState, SourceFacts } from "./upload/resumable-state.js";
export {
  abortResumableUpload,
  resumableUpload,
  type ResumableUploadOptions,
} from "./upload/resumable-upload.js";
export { s3, withObjectOptions } from "./s3.js";
export type { S3Options } from "./s3-options.js";
export { objectTags, setObjectTags, type Tags } from "./upload/tags.js";
export type { Credentials } from "./sdk/load.js";
export type { CloudFrontKey } from "./links/cloudfront-key.js";
