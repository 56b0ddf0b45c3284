/**
 * An answer that says whether a failed call changed anything. `"unknown"` means that the call may have changed
 * something.
 */
export type Applied = "no" | "yes" | "unknown";

/** The call that failed: a verb of the contract or of the facade. */
export type Operation =
  | "put"
  | "get"
  | "head"
  | "delete"
  | "list"
  | "copy"
  | "move"
  | "download"
  | "putMany"
  | "deleteMany"
  | "deletePrefix"
  | "putDirectory"
  | "locate"
  | "publicUrl"
  | "signedUrl"
  | "signUpload"
  | "multipart"
  | "finalize"
  | "importFrom"
  | "makeKey"
  | "setUp"
  | "parseEvent"
  | "repair"
  | "verify"
  | "open"
  | "close";

/** The facts of an error code: its default behaviour, and the reaction of a composer. */
export interface ErrorCodeFacts {
  /** The situation in which a provider uses the code. The table in the documentation shows this text. */
  readonly when: string;
  readonly applied: Applied;
  readonly retryable: boolean;
  /**
   * Says when a fallback chain tries its next member after this error. `"reads"` means only for reads, and `"option"`
   * means only if `fallbackOn` names the code.
   */
  readonly movesOn: "yes" | "never" | "reads" | "option";
}

/** A stable name for a cause of failure. Programs compare this name. */
export type StorageErrorCode =
  | "NotFound"
  | "AlreadyExists"
  | "PreconditionFailed"
  | "NotModified"
  | "InvalidKey"
  | "InvalidRange"
  | "InvalidArgument"
  | "Unsupported"
  | "Misconfigured"
  | "Unauthenticated"
  | "PermissionDenied"
  | "TooLarge"
  | "OutOfSpace"
  | "RateLimited"
  | "Unavailable"
  | "Timeout"
  | "Integrity"
  | "Archived"
  | "SourceError"
  | "PartialWrite"
  | "Conflict"
  | "Unknown";

/** Every code with its default behaviour. The code is the API; messages are for people and may change. */
export const ERROR_CODES: Readonly<Record<StorageErrorCode, ErrorCodeFacts>> = {
  NotFound: {
    when: "every place that could hold the object answered that the object is not there",
    applied: "no",
    retryable: false,
    movesOn: "reads",
  },
  AlreadyExists: {
    when: 'a create-only write (`ifNoneMatch: "*"`) found an object, or something other than an object is in the way',
    applied: "no",
    retryable: false,
    movesOn: "never",
  },
  PreconditionFailed: {
    when: "the object does not have the ETag of `ifMatch`",
    applied: "no",
    retryable: false,
    movesOn: "never",
  },
  NotModified: {
    when: "a read with `ifNoneMatch` or `ifModifiedSince` found that the caller's copy is up to date",
    applied: "no",
    retryable: false,
    movesOn: "never",
  },
  InvalidKey: { when: "the key breaks a rule", applied: "no", retryable: false, movesOn: "never" },
  InvalidRange: {
    when: "the range lies outside the object",
    applied: "no",
    retryable: false,
    movesOn: "never",
  },
  InvalidArgument: {
    when: "an argument is wrong, such as a cursor from a different listing, a ref of a different storage, or invalid metadata",
    applied: "no",
    retryable: false,
    movesOn: "never",
  },
  Unsupported: {
    when: "the provider cannot store the object or do the operation",
    applied: "no",
    retryable: false,
    movesOn: "yes",
  },
  Misconfigured: {
    when: "the bucket, root or account does not exist, or is of the wrong kind",
    applied: "no",
    retryable: false,
    movesOn: "option",
  },
  Unauthenticated: {
    when: "credentials are missing or wrong",
    applied: "no",
    retryable: false,
    movesOn: "option",
  },
  PermissionDenied: {
    when: "the credentials are valid, but the action is not allowed",
    applied: "no",
    retryable: false,
    movesOn: "option",
  },
  TooLarge: { when: "the object is over a limit", applied: "no", retryable: false, movesOn: "yes" },
  OutOfSpace: { when: "the quota or the disk is full", applied: "no", retryable: false, movesOn: "yes" },
  RateLimited: {
    when: "the provider asks the caller to slow down, and the retries are used up",
    applied: "no",
    retryable: true,
    movesOn: "yes",
  },
  Unavailable: {
    when: "the provider cannot be reached or does not work (connection refused, disk unmounted, too many open files), or a listing would be incomplete",
    applied: "no",
    retryable: true,
    movesOn: "yes",
  },
  Timeout: { when: "a time limit passed", applied: "unknown", retryable: true, movesOn: "yes" },
  Integrity: {
    when: "the bytes differ from the promised size or digest",
    applied: "no",
    retryable: true,
    movesOn: "yes",
  },
  Archived: {
    when: "the object must be restored before it can be read",
    applied: "no",
    retryable: false,
    movesOn: "never",
  },
  SourceError: {
    when: "the caller's body failed, stalled, was already read, or differs from the declared size",
    applied: "no",
    retryable: false,
    movesOn: "never",
  },
  PartialWrite: {
    when: "fewer members hold the object than the caller required",
    applied: "yes",
    retryable: false,
    movesOn: "yes",
  },
  Conflict: {
    when: "the idempotency key was already used with different bytes, or a lease was lost",
    applied: "no",
    retryable: false,
    movesOn: "never",
  },
  Unknown: {
    when: "the provider failed for an unknown reason; `cause` has the original error",
    applied: "unknown",
    retryable: false,
    movesOn: "yes",
  },
};

/** One try of a retried call, or the call to one member of a composer. */
export interface Attempt {
  readonly provider: string;
  readonly error: StorageError;
  readonly milliseconds: number;
}

/** The facts of a {@link StorageError} besides its code and reason. */
export interface StorageErrorOptions {
  readonly operation: Operation;
  /**
   * The provider that failed.
   *
   * @default none: no provider failed, because the body exceeded the caller's own limit
   */
  readonly provider?: string | undefined;
  /**
   * The key of the call.
   *
   * @default none
   */
  readonly key?: string | undefined;
  /**
   * Says whether the call changed anything.
   *
   * @default the value of the code in {@link ERROR_CODES}; always `"no"` for reads
   */
  readonly applied?: Applied | undefined;
  /**
   * True if the same call may succeed later.
   *
   * @default the value of the code in {@link ERROR_CODES}
   */
  readonly retryable?: boolean | undefined;
  /**
   * The time that the provider asks the caller to wait, in milliseconds.
   *
   * @default none
   */
  readonly retryAfterMs?: number | undefined;
  /**
   * The HTTP status, if there was a response.
   *
   * @default none
   */
  readonly status?: number | undefined;
  /**
   * The provider's own identifier of the request, for its support desk.
   *
   * @default none
   */
  readonly requestId?: string | undefined;
  /**
   * One entry for each try, or for each member of a composer.
   *
   * @default none
   */
  readonly attempts?: readonly Attempt[] | undefined;
  /**
   * True if the store gives the same answer for a missing object and for an object that may not be read.
   *
   * @default false
   */
  readonly mayBeAbsent?: boolean | undefined;
  /**
   * For a `NotFound` of a composer: the members that did not answer.
   *
   * @default none
   */
  readonly unconfirmed?: readonly string[] | undefined;
  /**
   * The error that caused this one.
   *
   * @default none
   */
  readonly cause?: unknown;
}

const READS: ReadonlySet<Operation> = new Set([
  "get",
  "head",
  "list",
  "download",
  "locate",
  "publicUrl",
  "signedUrl",
  "makeKey",
]);

/**
 * The only error class of this library for storage failures.
 *
 * `code` is stable and for programs. `message` is for people, for example `Cannot put "a/b": the disk is full`. An error never
 * contains a secret, a signature or a response body.
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  readonly operation: Operation;
  /**
   * The name of the provider that failed. Inside a composer, this is the innermost provider (the leaf). `undefined` if
   * no provider failed, for example when a body is longer than the caller's `maxBytes`.
   */
  readonly provider: string | undefined;
  readonly key: string | undefined;
  readonly applied: Applied;
  /** True if the same call may succeed later. `false` after a retry layer has given up. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** One entry for each try, or for each member of a composer. */
  readonly attempts: readonly Attempt[] | undefined;
  /**
   * Set on `PermissionDenied` if the store also gives this answer for missing objects. In this case, the store works
   * and accepts the credentials, and may still allow a write.
   */
  declare readonly mayBeAbsent?: true;
  /** Set on a mirror's `NotFound`: the members that did not answer and therefore may hold the object. */
  declare readonly unconfirmed?: readonly string[];
  /** The bare reason, without the `Cannot …` in front. */
  readonly reason: string;

  constructor(code: StorageErrorCode, reason: string, options: StorageErrorOptions) {
    const { cause } = options;
    super(sentence(options.operation, options.key, reason), cause === undefined ? undefined : { cause });
    const facts = ERROR_CODES[code];
    this.code = code;
    this.reason = reason;
    this.operation = options.operation;
    this.provider = options.provider;
    this.key = options.key;
    this.applied = READS.has(options.operation) ? "no" : (options.applied ?? facts.applied);
    this.retryable = options.retryable ?? facts.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
    this.requestId = options.requestId;
    this.attempts = options.attempts;
    if (options.mayBeAbsent === true) this.mayBeAbsent = true;
    if (options.unconfirmed !== undefined) this.unconfirmed = options.unconfirmed;
  }
}

/** The maximum number of characters of a key in a message. A hostile key must not flood a log. */
const KEY_SHOWN_MAX = 200;

/** The words for operations whose name is not an English verb. */
const WORDS: Partial<Record<Operation, string>> = {
  publicUrl: "make a public URL for",
  signedUrl: "sign a link to",
  signUpload: "sign an upload of",
  multipart: "upload in parts",
  putMany: "put",
  deleteMany: "delete",
  deletePrefix: "delete everything under",
  putDirectory: "put a folder under",
  importFrom: "import",
  makeKey: "make a key from",
  setUp: "set up the bucket",
  parseEvent: "read the event",
};

function sentence(operation: Operation, key: string | undefined, reason: string): string {
  const what = key === undefined ? "" : ` ${shown(key)}`;
  return `Cannot ${WORDS[operation] ?? operation}${what}: ${reason}`;
}

/** Returns a text in the form for messages: quoted, escaped and shortened. */
export function shown(text: string): string {
  const short = text.length > KEY_SHOWN_MAX ? `${text.slice(0, KEY_SHOWN_MAX)}…` : text;
  return JSON.stringify(short.toWellFormed());
}

/**
 * Tells whether `error` is a {@link StorageError}. If a code is given, also checks that the error has this code.
 *
 * The check compares class names, so it also recognises errors from another copy of this package.
 */
export function isStorageError(error: unknown, code?: StorageErrorCode): error is StorageError {
  if (!(error instanceof Error) || error.name !== "StorageError") return false;
  return code === undefined || (error as StorageError).code === code;
}

/**
 * Tells whether a put failed only because of its body: a `SourceError`, or `TooLarge` because of the caller's own `maxBytes`. No
 * provider caused such a failure, so the put would fail on every other member too.
 */
export function isBodyFailure(error: unknown): boolean {
  if (isStorageError(error, "SourceError")) return true;
  return isStorageError(error, "TooLarge") && error.provider === undefined;
}

/** Returns the same error with some of its facts replaced. Its stack and cause stay. */
export function withErrorFacts(error: StorageError, facts: Partial<StorageErrorOptions>): StorageError {
  const { code, reason, stack } = error;
  const changed = new StorageError(code, reason, {
    operation: facts.operation ?? error.operation,
    provider: facts.provider ?? error.provider,
    key: facts.key ?? error.key,
    applied: facts.applied ?? error.applied,
    retryable: facts.retryable ?? error.retryable,
    retryAfterMs: facts.retryAfterMs ?? error.retryAfterMs,
    status: facts.status ?? error.status,
    requestId: facts.requestId ?? error.requestId,
    attempts: facts.attempts ?? error.attempts,
    mayBeAbsent: facts.mayBeAbsent ?? error.mayBeAbsent,
    unconfirmed: facts.unconfirmed ?? error.unconfirmed,
    cause: facts.cause ?? error.cause,
  });
  if (stack !== undefined) changed.stack = withMessage(stack, error, changed);
  return changed;
}

/** Replaces the old message at the beginning of a stack with the new message, because loggers print the stack. */
function withMessage(stack: string, old: Error, changed: Error): string {
  const start = `${old.name}: ${old.message}`;
  const rest = stack.startsWith(start) ? stack.slice(start.length) : stack.slice(stack.indexOf("\n    at "));
  return `${changed.name}: ${changed.message}${rest}`;
}

/**
 * Converts any value that a provider threw into a {@link StorageError}.
 *
 * A {@link StorageError} is returned unchanged. Any other value becomes an error with the code `Unknown` and the original value
 * as `cause`. The reason of an aborted signal is not an error of the storage: callers rethrow that reason before they call this
 * function.
 */
export function toStorageError(error: unknown, options: StorageErrorOptions): StorageError {
  if (isStorageError(error)) return error;
  return new StorageError("Unknown", "the provider failed for an unknown reason", {
    ...options,
    cause: error,
  });
}
