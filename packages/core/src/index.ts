export { consume, delay, linkedController } from "./kit/abort.js";
export { toBody, type BodyContent, type BodyInput, type BodyOptions, type WebMessage } from "./body/body.js";
export { assertPut } from "./facade/check.js";
export { contentDisposition } from "./facade/content-disposition.js";
export { CONTENT_TYPE_UNKNOWN, contentTypeOf, extensionOf } from "./contract/content-type.js";
export { fallback, type FallbackOptions } from "./compose/fallback.js";
export type { FallbackOnCode } from "./compose/group.js";
export type { MemberOptions } from "./compose/members.js";
export { createStorage } from "./facade/create-storage.js";
export { packCursor, unpackCursor, unpackKeyCursor } from "./kit/cursor.js";
export type { RepairOptions, RepairWorker } from "./facade/repair-worker.js";
export type {
  DeleteManyResult,
  DownloadOptions,
  PutDirectoryOptions,
  PutManyItem,
  PutManyOptions,
  PutManyResult,
  StorageCopyOptions,
  StorageListOptions,
  StorageOptions,
  StoragePutOptions,
  TimedOptions,
} from "./facade/storage-options.js";
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
} from "./contract/errors.js";
export type { StorageEvent } from "./contract/event.js";
export {
  describeProvider,
  intercept,
  type Around,
  type Call,
  type CallChanges,
  type EveryMember,
  type KeyMapping,
  type Layer,
} from "./wrap/intercept.js";
export { KEY_BYTES_MAX, MARKER_KEY, assertKey, compareKeys, keyProblem } from "./contract/key.js";
export { cutStretch } from "./body/cut-stretch.js";
export { fillParts } from "./body/fill-parts.js";
export { guardResult, resumingBody, type ResumingOptions } from "./body/guard.js";
export type { Inspection } from "./body/flowed-stream.js";
export { createKeyLock, type KeyLock } from "./kit/key-lock.js";
export type {
  ControlRecord,
  Journal,
  JournalCounts,
  JournalEntry,
  JournalOwner,
  JournalPart,
} from "./contract/journal.js";
export { memoryJournal } from "./memory/memory-journal.js";
export { nextVersion, type Version } from "./contract/version.js";
export {
  type Committed,
  type Holding,
  type Intent,
  type KeyRow,
  type Lease,
  stampedRow,
} from "./contract/key-row.js";
export type { JournalOptions } from "./compose/journaled/create-set.js";
export { acceptMember, adoptKey } from "./compose/journaled/upkeep/operators.js";
export type { HedgeOptions } from "./compose/journaled/hedge.js";
export { mirror, type MirrorOptions } from "./compose/mirror.js";
export { setSplitPercent, split, splitPercent, type SplitOptions } from "./compose/split.js";
export { keyFromPath, type KeyFromPathOptions } from "./facade/key-from-path.js";
export { keyTemplate, type KeyTemplate, type KeyTemplateValues } from "./facade/key-template.js";
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
} from "./contract/links.js";
export { memory, type MemoryOptions } from "./memory/memory.js";
export { METADATA_BYTES_MAX } from "./contract/metadata.js";
export { createMetrics, type Metrics } from "./facade/metrics.js";
export { isNotSent } from "./kit/not-sent.js";
export { ownProviders, type OwnProviders } from "./kit/own-providers.js";
export { PageBuilder, listEntry } from "./kit/page.js";
export {
  type Body,
  type DeleteFailure,
  type Description,
  type GetResult,
  type ListPage,
  type SkippedKey,
  type StorageProvider,
} from "./contract/provider.js";
export { resolveRange } from "./contract/range.js";
export { decodeKeyPath, encodeKeyPath } from "./kit/ref.js";
export { replayable, type ReplayableBody, type ReplayableOptions } from "./body/replayable.js";
export type { SourceContext } from "./body/source-stream.js";
export type { FileStorage, StorageMultipart, StoredAt } from "./facade/storage.js";
export { toStoredObject, type StoredObject } from "./facade/stored-object.js";
export { type Supports, SUPPORTS_ALL } from "./contract/supports.js";
export type { Health, JournalHealth, MemberHealth, Upkeep, UpkeepCall } from "./contract/upkeep.js";
export { withTries } from "./kit/tries.js";
export { expiring, type ExpiringOptions, type ExpiryRule } from "./wrap/expiring.js";
export { limit, type LimitOptions } from "./wrap/limit.js";
export { prefixed } from "./wrap/prefixed.js";
export { readOnly } from "./wrap/read-only.js";
export { breaker, type BreakerOptions } from "./wrap/breaker.js";
export { retry, type RetryOptions } from "./wrap/retry.js";
export { timeout, type TimeoutOptions } from "./wrap/timeout.js";
export {
  type CallOptions,
  type CopyOptions,
  type DeleteOptions,
  type GetOptions,
  type HeadOptions,
  LIST_LIMIT_DEFAULT,
  type ListOptions,
  type Progress,
  type PutOptions,
} from "./contract/call-options.js";
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
export { assertSameOwner, noRow, STUCK_MS } from "./kit/journal-parts.js";
