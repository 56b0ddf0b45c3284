import type { StorageEvent } from "./event.js";
import type { ByteRange, Metadata, ObjectHeaders } from "./object.js";

/** What every call of a provider takes. The object is always there; its fields may not be. */
export interface CallOptions {
  /** Aborts the call: it rejects with `signal.reason`, unchanged, and leaves nothing half-done. */
  readonly signal?: AbortSignal | undefined;
  /** Where wrappers and composers report to. A provider need not call it. */
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
}

/** Bytes moved so far; `total` when it is known. */
export interface Progress {
  readonly loaded: number;
  readonly total?: number | undefined;
}

export interface PutOptions extends CallOptions, ObjectHeaders {
  readonly metadata?: Metadata | undefined;
  /** `"*"`: only if the key has no object; `AlreadyExists` otherwise. */
  readonly ifNoneMatch?: "*" | undefined;
  /** Only if the object has this ETag; `PreconditionFailed` otherwise, also when there is none. */
  readonly ifMatch?: string | undefined;
  /** Called with the bytes that have been taken so far, and at the end with all of them. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * An id of this logical write, at most 200 characters of `A-Z a-z 0-9 - _ . :`. A provider with
   * `supports.metadata` keeps it beside the metadata and returns it as {@link ObjectInfo.writeId}, so that a
   * retry recognises its own first try.
   */
  readonly writeId?: string | undefined;
}

export interface GetOptions extends CallOptions {
  readonly range?: ByteRange | undefined;
  /** Only if the object has this ETag; `PreconditionFailed` otherwise. Every provider keeps it. */
  readonly ifMatch?: string | undefined;
}

/** What `head` takes: no more than every call. */
export interface HeadOptions extends CallOptions {}

export interface DeleteOptions extends CallOptions {
  /** Only if the object has this ETag; `PreconditionFailed` otherwise. A missing object is a success. */
  readonly ifMatch?: string | undefined;
}

export interface CopyOptions extends CallOptions {
  /** `"*"`: only if the target key has no object. Needs `supports.ifNoneMatch`. */
  readonly ifNoneMatch?: "*" | undefined;
  /** Only if the source has this ETag; `PreconditionFailed` otherwise. Every provider keeps it. */
  readonly sourceIfMatch?: string | undefined;
  /** As `PutOptions.writeId`: the copy has this one, and never that of its source. */
  readonly writeId?: string | undefined;
}

export interface ListOptions extends CallOptions {
  /** A plain string prefix: `"a/b"` also lists `"a/bc"`. */
  readonly prefix?: string | undefined;
  /**
   * Keys that hold it after the prefix are rolled up into `prefixes`, up to and with its first occurrence.
   * Every provider takes `"/"`.
   */
  readonly delimiter?: "/" | undefined;
  /** The most objects and prefixes together in one page, at least 1; default 1,000. */
  readonly limit?: number | undefined;
  /** Goes on where the page that returned it ended, also when that key is gone since. */
  readonly cursor?: string | undefined;
  /**
   * Begins behind this entry, whether it is there or not: a key, or a common prefix with all that is under it. For
   * providers whose `supports.orderedList` is true; not together with a cursor.
   */
  readonly after?: string | undefined;
}

/** How many entries a page holds when the caller does not say. */
export const LIST_LIMIT_DEFAULT = 1000;
