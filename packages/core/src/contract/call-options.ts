import type { StorageEvent } from "./event.js";
import type { ByteRange, Metadata, ObjectHeaders } from "./object.js";

/** What every call of a provider takes. The object is always there; its fields may not be. */
export interface CallOptions {
  /**
   * Aborts the call: it rejects with `signal.reason`, unchanged, and leaves nothing half-done.
   *
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives what wrappers and composers report. A provider need not call it.
   *
   * @default none
   */
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
}

/** Bytes moved so far; `total` when it is known. */
export interface Progress {
  readonly loaded: number;
  readonly total?: number | undefined;
}

/**
 * The limits of the tries of each request of one call: how often it is tried, and how long the pauses are. For providers
 * that send a body by several requests, or have read a stream that nobody else can read again.
 */
export interface Tries {
  /** How often a request is tried in all. */
  readonly attempts: number;
  /** The most that the first pause takes, in milliseconds. Each later pause may take twice as long. */
  readonly baseMs: number;
  /** As `baseMs`, after `RateLimited`. */
  readonly rateLimitedBaseMs: number;
  /** The longest pause, in milliseconds. */
  readonly maxDelayMs: number;
}

/** The options that every write and delete takes. */
export interface WriteOptions extends CallOptions {
  /**
   * Called in the same turn in which a provider starts the step that makes the change visible, such as a rename, or the last
   * bytes of a request. When it throws, nothing is changed, and the call rejects with that error. A composer asks by
   * it whether its process still holds the key. Needs `supports.beforeCommit`; other providers may ignore it.
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
   * Writes only if the object has this ETag; `PreconditionFailed` otherwise, also when there is no object.
   *
   * @default none
   */
  readonly ifMatch?: string | undefined;
  /**
   * Called with the bytes that have been taken so far, and at the end with all of them. The storage drops errors that it
   * throws.
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
   * How the caller wants single requests of this put to be tried again. `retry` says it: a try of its own would begin
   * the whole body anew.
   *
   * @default three tries
   */
  readonly tries?: Tries | undefined;
}

/** The options of a get. */
export interface GetOptions extends CallOptions {
  /**
   * The stretch of the object to read.
   *
   * @default the whole object
   */
  readonly range?: ByteRange | undefined;
  /**
   * Reads only if the object has this ETag; `PreconditionFailed` otherwise. Every provider keeps it.
   *
   * @default none
   */
  readonly ifMatch?: string | undefined;
}

/** What `head` takes: no more than every call. */
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
   * Copies only if the source has this ETag; `PreconditionFailed` otherwise. Every provider keeps it.
   *
   * @default none
   */
  readonly sourceIfMatch?: string | undefined;
  /**
   * As `PutOptions.writeId`: the copy has this one, and never that of its source.
   *
   * @default none
   */
  readonly writeId?: string | undefined;
  /**
   * As `PutOptions.tries`.
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
   * Keys that hold it after the prefix are rolled up into `prefixes`, up to and with its first occurrence. Every
   * provider takes `"/"`.
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
   * Goes on where the page that returned it ended, also when that key is gone since.
   *
   * @default none: the listing begins
   */
  readonly cursor?: string | undefined;
  /**
   * Begins behind this entry, whether it is there or not: a key, or a common prefix with all that is under it. For
   * providers whose `supports.orderedList` is true; not together with a cursor.
   *
   * @default none
   */
  readonly after?: string | undefined;
}

/** How many entries a page holds when the caller does not say. */
export const LIST_LIMIT_DEFAULT = 1000;
