export { consume, delay, linkedController } from "./abort.js";
export { toBody, type BodyContent, type BodyInput, type BodyOptions, type WebMessage } from "./body.js";
export { assertPut } from "./check.js";
export { contentDisposition } from "./content-disposition.js";
export { CONTENT_TYPE_UNKNOWN, contentTypeOf, extensionOf } from "./content-type.js";
export { fallback, type FallbackOptions } from "./compose/fallback.js";
export type { FallbackOnCode } from "./compose/chain.js";
export type { MemberOptions } from "./compose/members.js";
export { createStorage } from "./create-storage.js";
export { packCursor, unpackCursor, unpackKeyCursor } from "./cursor.js";
export type { RepairOptions, RepairWorker } from "./repair-worker.js";
export type { DeleteManyResult } from "./delete-many.js";
export {
  ERROR_CODES,
  StorageError,
  isStorageError,
  shown,
  toStorageError,
  withErrorFacts,
  type Applied,
  type Attempt,
  type ErrorCodeFacts,
  type Operation,
  type StorageErrorCode,
  type StorageErrorOptions,
} from "./errors.js";
export type { StorageEvent } from "./event.js";
export {
  describeProvider,
  intercept,
  type Around,
  type Call,
  type CallChanges,
  type EveryMember,
  type KeyMapping,
  type Layer,
} from "./intercept.js";
export { KEY_BYTES_MAX, MARKER_KEY, assertKey, compareKeys, keyProblem } from "./key.js";
export { cutStretch } from "./cut-stretch.js";
export { fillParts } from "./fill-parts.js";
export { guardResult, resumingBody, type ResumingOptions } from "./guard.js";
export type { Inspection } from "./flowed-stream.js";
export { createKeyLock, type KeyLock } from "./key-lock.js";
export type {
  ControlRecord,
  Journal,
  JournalCounts,
  JournalEntry,
  JournalOwner,
  JournalPart,
  Version,
} from "./journal.js";
export { STUCK_MS, assertSameOwner, memoryJournal, noRow } from "./memory-journal.js";
export { nextVersion } from "./version.js";
export {
  stamped as stampedRow,
  type Committed,
  type Holding,
  type Intent,
  type KeyRow,
  type Lease,
} from "./compose/replicas/row.js";
export type { JournalOptions } from "./compose/replicas/create-set.js";
export { acceptMember, adoptKey } from "./compose/replicas/replicated.js";
export type { HedgeOptions } from "./compose/replicas/hedge.js";
export { mirror, type MirrorOptions } from "./compose/mirror.js";
export { setSplitPercent, split, splitPercent, type SplitOptions } from "./compose/split.js";
export { keyFromPath, type KeyFromPathOptions } from "./key-from-path.js";
export { keyTemplate, type KeyTemplate, type KeyTemplateValues } from "./key-template.js";
export type {
  CompleteUploadOptions,
  CreateUploadOptions,
  MultipartUploads,
  SignPartOptions,
  SignUploadOptions,
  SignedUpload,
  SignedUrlOptions,
  UploadReference,
  UploadedPart,
} from "./links.js";
export { memory, type MemoryOptions } from "./memory.js";
export { METADATA_BYTES_MAX } from "./metadata.js";
export { createMetrics, type Metrics } from "./metrics.js";
export { isNotSent } from "./not-sent.js";
export { ownProviders, type OwnProviders } from "./own-providers.js";
export { PageBuilder, listEntry } from "./page.js";
export {
  LIST_LIMIT_DEFAULT,
  type Body,
  type ByteRange,
  type CallOptions,
  type Checksum,
  type CopyOptions,
  type DeleteFailure,
  type DeleteOptions,
  type Description,
  type GetOptions,
  type GetResult,
  type HeadOptions,
  type ListOptions,
  type ListPage,
  type Located,
  type Metadata,
  type ObjectCopy,
  type ObjectHeaders,
  type ObjectInfo,
  type Progress,
  type PutOptions,
  type ServedRange,
  type SkippedKey,
  type StorageProvider,
  type Supports,
} from "./provider.js";
export type { PutDirectoryOptions } from "./put-directory.js";
export type { PutManyItem, PutManyOptions, PutManyResult } from "./put-many.js";
export { resolveRange } from "./range.js";
export { decodeKeyPath, encodeKeyPath } from "./ref.js";
export { replayable, type ReplayableBody, type ReplayableOptions } from "./replayable.js";
export type { SourceContext } from "./source-stream.js";
export type {
  DownloadOptions,
  FileStorage,
  StorageCopyOptions,
  StorageListOptions,
  StorageMultipart,
  StorageOptions,
  StoragePutOptions,
  StoredAt,
  TimedOptions,
} from "./storage.js";
export { toStoredObject, type StoredObject } from "./stored-object.js";
export { SUPPORTS_ALL } from "./supports.js";
export type { Health, JournalHealth, MemberHealth, Upkeep, UpkeepCall } from "./upkeep.js";
export { withTries } from "./tries.js";
export { expiring, type ExpiringOptions, type ExpiryRule } from "./wrap/expiring.js";
export { limit, type LimitOptions } from "./wrap/limit.js";
export { prefixed } from "./wrap/prefixed.js";
export { readOnly } from "./wrap/read-only.js";
export { breaker, type BreakerOptions } from "./wrap/breaker.js";
export { retry, type RetryOptions } from "./wrap/retry.js";
export { timeout, type TimeoutOptions } from "./wrap/timeout.js";
