import type { StorageEvent } from "./event.js";
import type { ByteRange, Metadata, ObjectHeaders } from "./object.js";

/** The options that every call of a provider takes. The object is always there; its fields may be absent. */
export interface CallOptions {
  /**
   * Aborts the call: it rejects with `signal.reason`, unchanged, and leaves nothing half-done.
   *
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives the events of wrappers and composers. A provider need not call it.
   *
   * @default none
   */
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
}

/** The number of bytes moved so far, and their `total` when it is known. */
export interface Progress {
  readonly loaded: number;
  readonly total?: number | undefined;
}

/**
 * The limits on the tries of each request of one call: how often a request is tried, and how long the pauses are. They are for
 * providers that send a body by several requests, or that have already read a one-shot stream.
 */
export interface Tries {
  /** How often a request is tried in all. */
  readonly attempts: number;
  /** The longest that the first pause may take, in milliseconds. Each later pause may take twice as long. */
  readonly baseMs: number;
  /** The same as `baseMs`, for a pause after `RateLimited`. */
  readonly rateLimitedBaseMs: number;
  /** The longest pause, in milliseconds. */
  readonly maxDelayMs: number;
}

/** The options that every write and delete takes. */
export interface WriteOptions extends CallOptions {
  /**
   * Called in the same turn in which a provider starts the step that makes the change visible, such as a rename, or the last
   * bytes of a request. When it throws, nothing is changed, and the call rejects with that error. A composer uses it to check
   * that its process still holds the key. It needs `supports.beforeCommit`; other providers may ignore it.
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
   * `"*"` writes only if the key has no object; `AlreadyExists` otherwise.
   *
   * @default none
   */
  readonly ifNoneMatch?: "*" | undefined;
  /**
   * Writes only if the object has this ETag; `PreconditionFailed` otherwise, even when there is no object.
   *
   * @default none
   */
  readonly ifMatch?: string | undefined;
  /**
   * Called with the number of bytes taken so far, and at the end with that of all bytes. Errors that this function throws are
   * dropped.
   *
   * @default none
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * An id of this logical write, at most 200 characters of `A-Z a-z 0-9 - _ . :`. A provider with
   * `supports.metadata` keeps it beside the metadata and returns it as {@link ObjectInfo.writeId}, so that
   * a retry recognises its own first try.
   *
   * @default none
   */
  readonly writeId?: string | undefined;
  /**
   * The limits on trying single requests of this put again. The wrapper `retry` sets this, because trying the whole call again
   * would send the whole body again.
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
   * Reads only if the object has this ETag; `PreconditionFailed` otherwise. Every provider supports it.
   *
   * @default none
   */
  readonly ifMatch?: string | undefined;
}

/** The options of `head`: those of every call. */
export interface HeadOptions extends CallOptions {}

/** The options of a delete. */
export interface DeleteOptions extends WriteOptions {
  /**
   * Deletes only if the object has this ETag; `PreconditionFailed` otherwise. A missing object is a success.
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
   * Copies only if the source has this ETag; `PreconditionFailed` otherwise. Every provider supports it.
   *
   * @default none
   */
  readonly sourceIfMatch?: string | undefined;
  /**
   * The same as `PutOptions.writeId`. The copy gets this id, and never that of its source.
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
   * The delimiter that groups keys. Keys that contain it after the prefix are rolled up into `prefixes`; each such prefix ends
   * with the first occurrence of the delimiter. Every provider takes `"/"`.
   *
   * @default none
   */
  readonly delimiter?: "/" | undefined;
  /**
   * The most objects and prefixes together in one page, at least 1.
   *
   * @default 1,000
   */
  readonly limit?: number | undefined;
  /**
   * The cursor of the page before. The listing goes on where that page ended, even when its last key is gone since.
   *
   * @default none: the listing begins at its start
   */
  readonly cursor?: string | undefined;
  /**
   * The entry behind which the listing begins: a key, or a common prefix with everything under it. The entry need not exist. It
   * is for providers whose `supports.orderedList` is true, and cannot be given together with a cursor.
   *
   * @default none
   */
  readonly after?: string | undefined;
}

/** The number of entries in a page when the caller gives no limit. */
export const LIST_LIMIT_DEFAULT = 1000;
