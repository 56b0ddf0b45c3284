export { blockPublicAccess, setPublicRead } from "./access.js";
export { setAccessLog, setDefaultEncryption, setEventTargets, type EventTarget } from "./bucket.js";
export type { SetupChange, SetupOptions } from "./change.js";
export { setCors, type CorsSettings } from "./cors.js";
export { parseS3Event, type S3Event } from "./events.js";
export { iamPolicy, type PolicyDocument, type PolicyStatement, type PolicyVerb } from "./iam-policy.js";
export { setLifecycle, type LifecycleRule } from "./lifecycle.js";
export { restoreObject, type RestoreOptions } from "./restore.js";
export { abortStaleUploads, type StaleUpload, type StaleUploadsOptions } from "./stale-uploads.js";
