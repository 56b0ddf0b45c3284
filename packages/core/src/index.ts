// The module that applications import: functions that make a storage and combine providers, and the types of errors and
// events.
export type { BodyContent, BodyInput } from "./body/body.js";
export { fromFile, type FileBody } from "./body/file-body.js";
export type { AnyIterable, BlobLike, WebMessage } from "./body/kinds.js";
export type { FallbackOnCode } from "./compose/group.js";
export { fallback, type FallbackOptions } from "./compose/fallback.js";
export type { JournalOptions } from "./compose/journaled/create-set.js";
export type { HedgeOptions } from "./compose/journaled/hedge.js";
export {
  acceptMember,
  adoptKey,
  forgetMember,
  type AcceptOptions,
  type ForgottenMember,
} from "./compose/journaled/upkeep/operators.js";
export type { MemberOptions } from "./compose/members.js";
export { mirror, type MirrorOptions } from "./compose/mirror.js";
export { setSplitPercent, split, splitPercent } from "./compose/split.js";
export type { SplitOptions, SplitShare } from "./compose/split-options.js";
export type { Progress } from "./contract/call-options.js";
export {
  ERROR_CODES,
  StorageError,
  isStorageError,
  type Applied,
  type Attempt,
  type ErrorCodeFacts,
  type Operation,
  type StorageErrorCode,
} from "./contract/errors.js";
export type { StorageEvent } from "./contract/event.js";
export type { Journal } from "./contract/journal.js";
export { KEY_BYTES_MAX } from "./contract/key.js";
export type { SignUploadOptions, SignedUpload, SignedUrlOptions, UploadedPart } from "./contract/links.js";
export type {
  ByteRange,
  Checksum,
  Located,
  Metadata,
  ObjectCopy,
  ObjectHeaders,
  ObjectInfo,
  ServedRange,
} from "./contract/object.js";
export type {
  DeleteFailure,
  Description,
  ListPage,
  SkippedKey,
  StorageProvider,
} from "./contract/provider.js";
export type { Supports } from "./contract/supports.js";
export type { Health, JournalHealth, MemberHealth, Verified, VerifyFinding } from "./contract/upkeep.js";
export { contentDisposition } from "./facade/content-disposition.js";
export { formFileName } from "./facade/form-file-name.js";
export { createStorage } from "./facade/create-storage.js";
export { keyFromPath, type KeyFromPathOptions } from "./facade/key-from-path.js";
export { keyTemplate, type KeyTemplate, type KeyTemplateValues } from "./facade/key-template.js";
export { createMetrics, type Metrics } from "./facade/metrics.js";
export type { RepairWorker } from "./facade/repair-worker.js";
export type { FileStorage, StorageMultipart, StoredAt } from "./facade/storage.js";
export type {
  DeleteManyResult,
  DownloadOptions,
  PutDirectoryOptions,
  PutManyItem,
  PutManyOptions,
  PutManyResult,
  RepairOptions,
  StorageCopyOptions,
  StorageListOptions,
  StorageOptions,
  StoragePutOptions,
  TimedOptions,
  VerifyOptions,
  VerifyReport,
} from "./facade/storage-options.js";
export type { StoredObject } from "./facade/stored-object.js";
export type { ProviderOrStorage } from "./kit/own-providers.js";
export { memory, type MemoryOptions } from "./memory/memory.js";
export { memoryJournal } from "./memory/memory-journal.js";
export { breaker } from "./wrap/breaker.js";
export type { BreakerOptions } from "./wrap/breaker-options.js";
export { expiring, type ExpiringOptions, type ExpiryRule } from "./wrap/expiring.js";
export { limit, type LimitOptions } from "./wrap/limit.js";
export { prefixed } from "./wrap/prefixed.js";
export { off } from "./wrap/off.js";
export { readOnly } from "./wrap/read-only.js";
export { retry } from "./wrap/retry.js";
export type { RetryOptions } from "./wrap/retry-options.js";
export { timeout, type TimeoutOptions } from "./wrap/timeout.js";
