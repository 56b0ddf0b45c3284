import type { Readable } from "node:stream";
import type { StorageEvent } from "./event.js";
import type { MultipartUploads, SignUploadOptions, SignedUpload, SignedUrlOptions } from "./links.js";
import type { Upkeep } from "./upkeep.js";

/**
 * What a provider can do inside the verbs that every provider has. Verbs that only some have need no flag:
 * having the member is the capability.
 */
export interface Supports {
  /** `get` with `range`. */
  readonly range: boolean;
  /** `put` with `ifNoneMatch: "*"`: create-only, atomic against other writers. */
  readonly ifNoneMatch: boolean;
  /** `put` with `ifMatch`: replace only the object of that ETag. */
  readonly ifMatch: boolean;
  /** `ifNoneMatch: "*"` also holds for objects so large that the provider sends them in parts. */
  readonly ifNoneMatchOnMultipart: boolean;
  /** `delete` with `ifMatch`. */
  readonly conditionalDelete: boolean;
  /** `metadata`, and the write id that retries and composers rely on, come back as they were given. */
  readonly metadata: boolean;
  /** `list` is in UTF-8 byte order. */
  readonly orderedList: boolean;
  /** Objects of zero bytes. */
  readonly emptyObject: boolean;
  /** `put` without a condition replaces an existing object. A provider without it is create-only. */
  readonly overwrite: boolean;
  /** `get` returns the very bytes that were put. */
  readonly byteExact: boolean;
  /** The longest key, in UTF-8 bytes. */
  readonly keyBytesMax: number;
  /** The largest object, in bytes; `Infinity` when there is no limit of its own. */
  readonly objectBytesMax: number;
}

/** Headers that are stored with an object and come back when it is read. */
export interface ObjectHeaders {
  /** The media type, e.g. `"video/mp4"`. */
  readonly contentType?: string | undefined;
  /** RFC 9111, e.g. `"public, max-age=31536000, immutable"`. */
  readonly cacheControl?: string | undefined;
  /** RFC 6266, e.g. `'attachment; filename="a.pdf"'`. */
  readonly contentDisposition?: string | undefined;
}

/**
 * The caller's own facts about an object. Names are lower-case RFC 9110 tokens; values are well-formed text
 * without control characters and without spaces at either end. All of it together is at most 2,048 bytes of
 * UTF-8, what S3 takes. A provider whose store carries only ASCII encodes the rest.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export type Metadata = Readonly<Record<string, string>>;

/** A digest of an object's bytes. */
export interface Checksum {
  readonly algorithm: "crc32" | "crc32c" | "crc64nvme" | "sha1" | "sha256" | "md5";
  /** Lower-case hexadecimal. */
  readonly value: string;
}

/** One copy of an object inside a composer that keeps several. */
export interface ObjectCopy {
  readonly provider: string;
  readonly ref: string;
  readonly state: "current" | "pending" | "failed" | "unknown";
}

/** What is known about an object without reading it. */
export interface ObjectInfo extends ObjectHeaders {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Opaque and strong: equal ETags of one provider mean the same bytes. Some stores make it of the bytes alone, so
   * that other facts need not change it. Never compare across providers.
   */
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly metadata?: Metadata | undefined;
  readonly checksum?: Checksum | undefined;
  /** The provider's own version id, where the store keeps versions. */
  readonly version?: string | undefined;
  /** The name of the leaf provider that holds it. */
  readonly provider: string;
  /** Where it is, as a text to keep in a database; {@link StorageProvider.locate} reads it. */
  readonly ref: string;
  /** The id that {@link PutOptions.writeId} gave to the write that made it. */
  readonly writeId?: string | undefined;
  /** Each copy, where a composer keeps several. */
  readonly copies?: readonly ObjectCopy[] | undefined;
  /** After a put through a chain without a journal: members that may still hold an older copy. */
  readonly unconfirmed?: readonly string[] | undefined;
  /** After a read through a chain: an earlier member was down and may hold a newer copy. */
  readonly mayBeStale?: boolean | undefined;
}

/** A stretch of an object: from `offset`, `length` bytes or to the end; or the last `suffix` bytes. */
export type ByteRange =
  | { readonly offset: number; readonly length?: number | undefined }
  | { readonly suffix: number };

/** A resolved range: what part of how much. All in bytes. */
export interface ServedRange {
  readonly offset: number;
  readonly length: number;
  /** The size of the whole object. */
  readonly size: number;
}

/**
 * Bytes to be written, normalised once by core. A provider reads it through {@link Body.open}, or takes the
 * short way when `bytes` or `path` is present.
 *
 * **Behaviour**
 * - `open()` of a body that is not `replayable` works once; after that it rejects with `SourceError`.
 * - A source that fails, or whose length differs from `size`, makes the opened stream fail with a
 *   `SourceError`: a provider passes it on and commits nothing.
 * - A provider destroys what it opened when it fails or is aborted.
 */
export interface Body {
  /** In bytes, when it is known before reading. */
  readonly size?: number | undefined;
  /** Whether `open` may be called again. */
  readonly replayable: boolean;
  /** All of the bytes, when they are in memory anyway. Not to be changed. */
  readonly bytes?: Uint8Array | undefined;
  /** The file that holds exactly these bytes, when that is what the body is. */
  readonly path?: string | undefined;
  /** Starts reading, the whole or a stretch. Chunks are `Uint8Array`s. */
  readonly open: (range?: { readonly offset: number; readonly length: number }) => Readable;
}

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
  /** The ref under which the object was last seen: a composer asks that member first. */
  readonly ref?: string | undefined;
}

export interface HeadOptions extends CallOptions {
  /**
   * Only an answer that no write which has begun before can change any more; `Unavailable` while there is none. For
   * composers with a journal, where a write may be undecided for long; other providers need not look at it.
   */
  readonly isFinal?: boolean | undefined;
  /** The ref under which the object was last seen: a composer asks that member first. */
  readonly ref?: string | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Only if the object has this ETag; `PreconditionFailed` otherwise. A missing object is a success. */
  readonly ifMatch?: string | undefined;
}

export interface CopyOptions extends CallOptions {
  /** `"*"`: only if the target key has no object. Needs `supports.ifNoneMatch`. */
  readonly ifNoneMatch?: "*" | undefined;
  /** Only if the source has this ETag; `PreconditionFailed` otherwise. Every provider keeps it. */
  readonly sourceIfMatch?: string | undefined;
  /** As {@link PutOptions.writeId}: the copy has this one, and never that of its source. */
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
  /** The most objects and prefixes together in one page, at least 1; default {@link LIST_LIMIT_DEFAULT}. */
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

export interface ListPage {
  /** In UTF-8 byte order of their keys, unless `supports.orderedList` is false. */
  readonly objects: readonly ObjectInfo[];
  /** Common prefixes, each with the delimiter at its end, in the same order. */
  readonly prefixes: readonly string[];
  /** Present when there is more. A page may be short, even empty; only a missing cursor ends a listing. */
  readonly cursor?: string | undefined;
  /** What others have put there under keys that break the rules, such as `"videos/"`: no verb can reach it. */
  readonly skipped?: readonly SkippedKey[] | undefined;
}

/** A key in a store that breaks the rules for keys. */
export interface SkippedKey {
  /** As the store has it; a common prefix ends with the delimiter. */
  readonly key: string;
  /** Which rule it breaks. */
  readonly reason: string;
}

/** An object being read. */
export interface GetResult {
  readonly info: ObjectInfo;
  /** Present when a range was asked for. */
  readonly range?: ServedRange | undefined;
  /**
   * The bytes, when they are in memory already; else a stream that owns a socket or a file. Destroying the
   * stream releases it; reading it to the end does too.
   */
  readonly body: Uint8Array | Readable;
}

/** Where a text points to, when it points into this provider. */
export interface Located {
  readonly key: string;
  /** The leaf provider's name. */
  readonly provider: string;
  readonly ref: string;
}

/** What a provider is made of, and what it promises: printed by `storage.describe()`. */
export interface Description {
  readonly kind: "provider" | "wrapper" | "composer";
  /** The factory's name: `"local"`, `"retry"`, `"fallback"`. */
  readonly type: string;
  readonly name: string;
  /** What a composer's promises rest on. */
  readonly tier?: "stateless" | "embedded" | "shared" | undefined;
  readonly promises?: readonly string[] | undefined;
  readonly limits?: readonly string[] | undefined;
  /** What it wraps or combines, in order. */
  readonly members?: readonly Description[] | undefined;
}

/**
 * One place that stores objects: what the author of a provider writes. Applications use {@link FileStorage}.
 *
 * Small, and with one way to do each thing. Members are function properties and never use `this`, so they
 * can be passed around on their own.
 *
 * **Behaviour that holds for every verb**
 * - `key` has been checked: 1 to 1,024 bytes of well-formed UTF-8, no empty or dots-only segment, no control
 *   character, no backslash. It is data: never trimmed, normalised, decoded or folded. A key that this
 *   provider cannot hold is refused with `Unsupported` before a byte moves.
 * - `options` is always an object. Options that `supports` denies never arrive.
 * - A failure is a `StorageError`; an abort rejects with `signal.reason`, unchanged.
 * - A call makes one attempt. Retries are a wrapper's.
 * - Nothing is left behind: no temporary data, no socket, no timer.
 */
export interface StorageProvider {
  /** Lower-case, stable, for errors and logs: `"s3"`. Unique among the members of a composer. */
  readonly name: string;
  readonly supports: Supports;

  /**
   * Writes an object, whole or not at all.
   *
   * **Behaviour**
   * - When it resolves, every later read sees the new bytes and facts together, as durable as the provider is.
   * - When it rejects with `applied: "no"`, the old object is as it was.
   * - Two puts of one key at once leave one of them, whole.
   * - A body shorter or longer than its `size` commits nothing.
   * - Headers and metadata that are not given are not inherited from the old object.
   * - Without `contentType` the type follows from the key's extension.
   *
   * @throws StorageError `AlreadyExists`, `PreconditionFailed`, `Unsupported`, `SourceError`, `TooLarge`,
   * `OutOfSpace` and what else {@link ERROR_CODES} lists.
   */
  readonly put: (key: string, body: Body, options: PutOptions) => Promise<ObjectInfo>;

  /**
   * Opens an object for reading. Resolves only when it exists: a missing key rejects with `NotFound`, never
   * later in the stream.
   *
   * @throws StorageError `NotFound`; `InvalidRange` when the range starts at or after the end, or is empty.
   */
  readonly get: (key: string, options: GetOptions) => Promise<GetResult>;

  /** The facts of an object. @throws StorageError `NotFound`. */
  readonly head: (key: string, options: HeadOptions) => Promise<ObjectInfo>;

  /** Removes an object. Resolves when there is none. */
  readonly delete: (key: string, options: DeleteOptions) => Promise<void>;

  /** One page of a listing. An absent bucket or root is an error, never an empty page. */
  readonly list: (options: ListOptions) => Promise<ListPage>;

  /** Where this provider keeps the key: `s3://bucket/key`, `file:///…`. Says nothing about existence. */
  readonly ref: (key: string) => string;

  /**
   * Finds the key in a ref, in an old public URL or a path, or `undefined` when the text is not ours. Never
   * asks the store.
   */
  readonly locate: (text: string) => Located | undefined;

  /** Duplicates an object with its headers and metadata, without moving the bytes through this process. */
  readonly copy?: ((from: string, to: string, options: CopyOptions) => Promise<ObjectInfo>) | undefined;

  /** A permanent link for everybody. */
  readonly publicUrl?: ((key: string) => string) | undefined;

  /** A link for reading that expires. */
  readonly signedUrl?: ((key: string, options: SignedUrlOptions) => Promise<string>) | undefined;

  /** A request with which a client writes the object without passing through this process. */
  readonly signUpload?: ((key: string, options: SignUploadOptions) => Promise<SignedUpload>) | undefined;

  /** The same in parts, for large files and shaky connections. */
  readonly multipart?: MultipartUploads | undefined;

  /**
   * Takes note of what a client has uploaded by itself. For composers with a journal: elsewhere an upload is simply
   * there.
   */
  readonly finalize?: ((key: string, options: HeadOptions) => Promise<ObjectInfo>) | undefined;

  /** Has the provider itself fetch a URL and store what it gets. */
  readonly importFrom?: ((key: string, url: string, options: PutOptions) => Promise<ObjectInfo>) | undefined;

  /**
   * Removes many at once. Resolves with the failures, one entry for each key that is not gone; keys of
   * missing objects are a success.
   */
  readonly deleteMany?:
    | ((keys: readonly string[], options: CallOptions) => Promise<readonly DeleteFailure[]>)
    | undefined;

  /**
   * For how long a rule lets an object of this key stay, in milliseconds; absent for ever. Composers do not bring back
   * what is older: it was removed on purpose. The object itself is removed by repair, or by the store.
   */
  readonly expiresAfterMs?: ((key: string) => number | undefined) | undefined;

  /** What there is to do besides its calls: for a composer with a journal, and where objects expire. */
  readonly upkeep?: Upkeep | undefined;

  /** What it is made of. A plain provider may leave it out. */
  readonly describe?: (() => Description) | undefined;

  /** Stops what runs in the background and releases every handle. Calls after it reject. */
  readonly close?: (() => Promise<void>) | undefined;
}

export interface DeleteFailure {
  readonly key: string;
  readonly error: unknown;
}
