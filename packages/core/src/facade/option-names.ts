import type { CallOptions, DeleteOptions, PutOptions } from "../contract/call-options.js";
import type { ComposedHeadOptions } from "../contract/composed-provider.js";
import type {
  CompleteUploadOptions,
  CreateUploadOptions,
  SignPartOptions,
  SignUploadOptions,
  SignedUrlOptions,
} from "../contract/links.js";
import type { ObjectHeaders } from "../contract/object.js";
import { knownNames, type OptionNames } from "../kit/options.js";
import type {
  DownloadOptions,
  Outer,
  PutDirectoryOptions,
  PutManyOptions,
  ReadConditions,
  RepairOptions,
  VerifyOptions,
  StorageCopyOptions,
  StorageGetOptions,
  StorageHeadOptions,
  StorageListOptions,
  StorageOptions,
  StoragePutOptions,
} from "./storage-options.js";

// The names of the options that each verb takes. Any other name is refused.

const CALL: OptionNames<Outer<CallOptions>> = { signal: true, timeoutMs: true };
const HEADERS: OptionNames<ObjectHeaders> = {
  contentType: true,
  contentEncoding: true,
  contentLanguage: true,
  cacheControl: true,
  contentDisposition: true,
};
const EXPIRES = { expiresInSeconds: true } as const;

const READ: OptionNames<ReadConditions> = { ifNoneMatch: true, ifModifiedSince: true };

const PUT: OptionNames<StoragePutOptions> = {
  ...CALL,
  ...HEADERS,
  metadata: true,
  ifNoneMatch: true,
  ifMatch: true,
  onProgress: true,
  size: true,
  maxBytes: true,
  idempotencyKey: true,
};

const COPY: OptionNames<StorageCopyOptions> = { ...CALL, ifNoneMatch: true, sourceIfMatch: true };

const LIST: OptionNames<Omit<StorageListOptions, "delimiter">> = {
  ...CALL,
  prefix: true,
  limit: true,
  cursor: true,
  after: true,
};

const PUT_MANY: OptionNames<PutManyOptions> = {
  signal: true,
  concurrency: true,
  maxBytes: true,
  onResult: true,
};

/** The options of each verb, by the verb's name in error messages. */
export interface VerbOptions {
  readonly put: StoragePutOptions;
  readonly get: StorageGetOptions;
  readonly head: StorageHeadOptions;
  readonly find: Outer<ComposedHeadOptions>;
  readonly exists: Outer<ComposedHeadOptions>;
  readonly delete: Outer<DeleteOptions>;
  readonly copy: StorageCopyOptions;
  readonly move: StorageCopyOptions;
  readonly list: Omit<StorageListOptions, "delimiter">;
  readonly listPage: StorageListOptions;
  readonly download: DownloadOptions;
  readonly putMany: PutManyOptions;
  readonly deleteMany: Outer<CallOptions>;
  readonly deletePrefix: Outer<CallOptions>;
  readonly putDirectory: PutDirectoryOptions;
  readonly publicUrl: Outer<CallOptions>;
  readonly signedUrl: Outer<SignedUrlOptions>;
  readonly signUpload: Outer<SignUploadOptions>;
  readonly "multipart.create": Outer<CreateUploadOptions>;
  readonly "multipart.signPart": Outer<SignPartOptions>;
  readonly "multipart.listParts": Outer<CallOptions>;
  readonly "multipart.complete": Outer<CompleteUploadOptions>;
  readonly "multipart.abort": Outer<CallOptions>;
  readonly finalize: Outer<ComposedHeadOptions>;
  readonly importFrom: Outer<Omit<PutOptions, "tries">>;
  readonly createStorage: StorageOptions;
  readonly startRepair: RepairOptions;
  readonly verify: VerifyOptions;
  readonly idle: { readonly signal?: AbortSignal | undefined };
  readonly close: { readonly graceMs?: number | undefined };
}

const { size: _size, maxBytes: _maxBytes, idempotencyKey: _idempotencyKey, ...IMPORT } = PUT;

const OPTION_NAMES: { readonly [Verb in keyof VerbOptions]: OptionNames<VerbOptions[Verb]> } = {
  put: PUT,
  get: { ...CALL, ...READ, range: true, ifMatch: true },
  head: { ...CALL, ...READ, isFinal: true },
  find: { ...CALL, isFinal: true },
  exists: { ...CALL, isFinal: true },
  delete: { ...CALL, ifMatch: true },
  copy: COPY,
  move: COPY,
  list: LIST,
  listPage: { ...LIST, delimiter: true },
  download: { ...CALL, ifMatch: true, concurrency: true, onProgress: true },
  putMany: PUT_MANY,
  deleteMany: CALL,
  deletePrefix: CALL,
  putDirectory: { ...PUT_MANY, optionsFor: true },
  publicUrl: CALL,
  signedUrl: { ...CALL, ...HEADERS, ...EXPIRES, stableForSeconds: true },
  signUpload: {
    ...CALL,
    ...HEADERS,
    ...EXPIRES,
    contentLength: true,
    maxBytes: true,
    metadata: true,
    ifNoneMatch: true,
  },
  "multipart.create": { ...CALL, ...HEADERS, metadata: true },
  "multipart.signPart": { ...CALL, ...EXPIRES, contentLength: true },
  "multipart.listParts": CALL,
  "multipart.complete": { ...CALL, ifNoneMatch: true },
  "multipart.abort": CALL,
  finalize: { ...CALL, isFinal: true },
  importFrom: { ...IMPORT, writeId: true },
  createStorage: { retry: true, timeouts: true, sourceIdleMs: true, unreadMs: true, onEvent: true },
  startRepair: { pollMs: true },
  verify: { ...CALL, deep: true, mend: true, onFinding: true },
  idle: { signal: true },
  close: { graceMs: true },
};

/** Refuses options that a verb does not have. @throws TypeError with the most similar valid name. */
export function checkNames<Verb extends keyof VerbOptions>(verb: Verb, options: VerbOptions[Verb]): void {
  knownNames<VerbOptions[Verb]>(verb, options, OPTION_NAMES[verb]);
}
