import type { StorageEvent } from "./event.js";
import type { ByteRange, Metadata, ObjectHeaders } from "./object.js";

/** The options that every call of a provider takes. The object is always present; its fields may be absent. */
export interface CallOptions {
  /**
   * Aborts the call. The call rejects with `signal.reason`, unchanged, and leaves no partial result.
   *
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives the events of wrappers and composers. A provider need not call this function.
   *
   * @default none
   */
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
}

/** The number of bytes transferred so far, and the `total` if it is known. */
export interface Progress {
  readonly loaded: number;
  readonly total?: number | undefined;
}

/**
 * The limits for retrying the individual requests of a call: how often a request is tried, and how long the pauses are.
 * A provider uses these limits if it sends a body in several requests, or if the body is a stream that cannot be read
 * again.
 */
export interface Tries {
  /** The number of times that a request is tried, including the first try. */
  readonly attempts: number;
  /**
   * The maximum length of the first pause, in milliseconds. Each later pause may take twice as long as the previous
   * pause.
   */
  readonly baseMs: number;
  /** The value that replaces `baseMs` after the error `RateLimited`. */
  readonly rateLimitedBaseMs: number;
  /** The longest pause, in milliseconds. */
  readonly maxDelayMs: number;
}

/** The options that every write and delete takes. */
export interface WriteOptions extends CallOptions {
  /**
   * Called immediately before the provider makes the change visible, in the same turn of the event loop. A provider
   * makes a change visible, for example, by renaming a file or by sending the last bytes of a request. If this function
   * throws, nothing is changed, and the call rejects with that error. A composer uses this function to check that its
   * process still holds the key. A provider without `supports.beforeCommit` may ignore this option.
   *
   * @default none
   */
  readonly beforeCommit?: (() => void) | undefined;
}

/** The options of a put. */
export interface PutOptions extends WriteOptions, ObjectHeaders {
  /**
   * The caller's own facts about the object.
   *
   * @default none
   */
  readonly metadata?: Metadata | undefined;
  /**
   * `"*"` writes only if the key has no object. Otherwise the call rejects with `AlreadyExists`.
   *
   * @default none
   */
  readonly ifNoneMatch?: "*" | undefined;
  /**
   * Writes only if the object has this ETag. If the ETag differs, or if there is no object, the call rejects with
   * `PreconditionFailed`.
   *
   * @default none
   */
  readonly ifMatch?: string | undefined;
  /**
   * Called with the number of bytes sent so far, and at the end with the total number of bytes. Errors from this function are
   * ignored.
   *
   * @default none
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * An id of this logical write, at most 200 characters of `A-Z a-z 0-9 - _ . :`. A provider with `supports.metadata`
   * stores the id with the metadata and returns it as {@link ObjectInfo.writeId}. A retry can then see whether the
   * first try has already written the object.
   *
   * @default none
   */
  readonly writeId?: string | undefined;
  /**
   * The limits for retrying the individual requests of this put. The wrapper `retry` sets this option, because retrying
   * the whole call would send the whole body again.
   *
   * @default three tries
   */
  readonly tries?: Tries | undefined;
}

/** The options of a get. */
export interface GetOptions extends CallOptions {
  /**
   * The range of the object to read.
   *
   * @default the whole object
   */
  readonly range?: ByteRange | undefined;
  /**
   * Reads only if the object has this ETag. Otherwise the call rejects with `PreconditionFailed`. Every provider supports this
   * option.
   *
   * @default none
   */
  readonly ifMatch?: string | undefined;
}

/** The options of `head`, which are the options of every call. */
export interface HeadOptions extends CallOptions {}

/** The options of a delete. */
export interface DeleteOptions extends WriteOptions {
  /**
   * Deletes only if the object has this ETag. If the object has a different ETag, the call rejects with
   * `PreconditionFailed`. If there is no object, the call succeeds.
   *
   * @default none
   */
  readonly ifMatch?: string | undefined;
}

/** The options of a copy or a move. */
export interface CopyOptions extends WriteOptions {
  /**
   * `"*"` copies only if the target key has no object. Needs `supports.ifNoneMatch`.
   *
   * @default none
   */
  readonly ifNoneMatch?: "*" | undefined;
  /**
   * Copies only if the source has this ETag. Otherwise the call rejects with `PreconditionFailed`. Every provider supports this
   * option.
   *
   * @default none
   */
  readonly sourceIfMatch?: string | undefined;
  /**
   * The same as `PutOptions.writeId`. The copy gets this id, and never the id of its source.
   *
   * @default none
   */
  readonly writeId?: string | undefined;
  /**
   * The same as `PutOptions.tries`.
   *
   * @default three tries
   */
  readonly tries?: Tries | undefined;
}

/** The options of a listing. */
export interface ListOptions extends CallOptions {
  /**
   * A plain string prefix: `"a/b"` also lists `"a/bc"`.
   *
   * @default `""`: all keys
   */
  readonly prefix?: string | undefined;
  /**
   * The delimiter that groups keys. A key that contains the delimiter after `prefix` is not listed itself. Instead,
   * `prefixes` lists the beginning of the key, up to and including the first such delimiter. Every provider takes
   * `"/"`.
   *
   * @default none
   */
  readonly delimiter?: "/" | undefined;
  /**
   * The maximum number of entries in one page: objects and prefixes together. The number must be at least 1.
   *
   * @default 1,000
   */
  readonly limit?: number | undefined;
  /**
   * The cursor of the previous page. The listing continues where that page ended, even if the last key of that page has been
   * deleted.
   *
   * @default none: the listing begins at its start
   */
  readonly cursor?: string | undefined;
  /**
   * The key or common prefix after which the listing begins. With a delimiter, a listing after a common prefix skips
   * every key under that prefix. The key or prefix need not exist. This option needs `supports.orderedList` and cannot
   * be combined with a cursor.
   *
   * @default none
   */
  readonly after?: string | undefined;
}

/** The number of entries in a page when the caller gives no limit. */
export const LIST_LIMIT_DEFAULT = 1000;
