// The module that authors of providers and wrappers import: the contract, and the kit for making adapters.
export { toBody, type BodyContent, type BodyInput, type BodyOptions } from "./body/body.js";
export { fromFile, type FileBody } from "./body/file-body.js";
export type { AnyIterable, BlobLike, WebMessage } from "./body/kinds.js";
export { cutStretch } from "./body/cut-stretch.js";
export { fillParts } from "./body/fill-parts.js";
export type { Inspection } from "./body/flowed-stream.js";
export { guardResult, resumingBody, type ResumingOptions } from "./body/guard.js";
export { IdleBodies, type IdleBody, type QueueingAgent } from "./body/idle-bodies.js";
export { replayable, type ReplayableBody, type ReplayableOptions } from "./body/replayable.js";
export type { SourceContext } from "./body/source-stream.js";
export {
  LIST_LIMIT_DEFAULT,
  type CallOptions,
  type CopyOptions,
  type DeleteOptions,
  type GetOptions,
  type HeadOptions,
  type ListOptions,
  type Progress,
  type PutOptions,
  type WriteOptions,
  type Tries,
} from "./contract/call-options.js";
export type {
  ComposedGetOptions,
  ComposedHeadOptions,
  ComposedProvider,
} from "./contract/composed-provider.js";
export { CONTENT_TYPE_UNKNOWN, contentTypeOf, extensionOf } from "./contract/content-type.js";
export {
  ERROR_CODES,
  StorageError,
  isStorageError,
  isBodyFailure,
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
export { KEY_BYTES_MAX, MARKER_KEY, assertKey, compareKeys, isReserved, keyProblem } from "./contract/key.js";
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
export {
  HEADER_NAMES,
  headersOf,
  type ByteRange,
  type Checksum,
  type Located,
  type Metadata,
  type ObjectCopy,
  type ObjectHeaders,
  type ObjectInfo,
  type ServedRange,
} from "./contract/object.js";
export type {
  Body,
  DeleteFailure,
  Description,
  GetResult,
  ListPage,
  SkippedKey,
  StorageProvider,
} from "./contract/provider.js";
export { resolveRange } from "./contract/range.js";
export { SUPPORTS_ALL, type Supports } from "./contract/supports.js";
export type {
  Health,
  JournalHealth,
  MemberHealth,
  Upkeep,
  UpkeepCall,
  Verified,
  VerifyCall,
  VerifyFinding,
} from "./contract/upkeep.js";
export { assertPut, assertRange } from "./facade/check.js";
export { canReadInto, type ReadsInto } from "./body/reads-into.js";
export { toStoredObject, type StoredObject } from "./facade/stored-object.js";
export { consume, delay, linkedController, orAborted } from "./kit/abort.js";
export { clock, createController, nextTurn, onAbort } from "./kit/clock.js";
export { packCursor, unpackCursor, unpackKeyCursor } from "./kit/cursor.js";
export { createKeyLock, type KeyLock } from "./kit/key-lock.js";
export { safeListener } from "./kit/listener.js";
export { isNotSent } from "./kit/not-sent.js";
export {
  anyNumber,
  aFunction,
  anyText,
  knownNames,
  oneOf,
  nonEmptyText,
  wholeNumber,
  type AnyNumberLimits,
  type NumberLimits,
  type OptionNames,
} from "./kit/options.js";
export { ownProviders, type OwnProviders, type ProviderOrStorage } from "./kit/own-providers.js";
export { PageBuilder, listEntry } from "./kit/page.js";
export { decodeKeyPath, encodeKeyPath } from "./kit/ref.js";
export { RefusedError, isConnecting } from "./kit/last-moment.js";
export { withTries, type TryOptions } from "./kit/tries.js";
export {
  describeProvider,
  intercept,
  type Around,
  type Call,
  type CallChanges,
  type CopyCall,
  type EveryMember,
  type GetCall,
  type Layer,
  type Next,
  type OtherCall,
  type PutCall,
} from "./wrap/intercept.js";
export { mapKeys, type KeyMapping } from "./wrap/map-keys.js";
export { prefixed } from "./wrap/prefixed.js";
export { withPolicies, type Policies } from "./wrap/with-policies.js";
