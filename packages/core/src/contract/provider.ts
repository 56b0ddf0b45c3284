import type { Readable } from "node:stream";
import type {
  CallOptions,
  CopyOptions,
  DeleteOptions,
  GetOptions,
  HeadOptions,
  ListOptions,
  PutOptions,
} from "./call-options.js";
import type { MultipartUploads, SignUploadOptions, SignedUpload, SignedUrlOptions } from "./links.js";
import type { Located, ObjectInfo, ServedRange } from "./object.js";
import type { Supports } from "./supports.js";

/**
 * Bytes to be written, normalised once by core. A provider reads it by `open()`, or takes the
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

/** One page of a listing. */
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
  /** Whether the body is an open file: it stays the version that was opened, also when the object is replaced. */
  readonly isFile?: boolean | undefined;
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
 * One place that stores objects: what the author of a provider writes. Applications use `FileStorage`.
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

  /**
   * Gives an object another key, with its headers and metadata, in one step: at each instant the object is there under at
   * least one of the two. The keys differ. Without the member the facade copies and deletes.
   */
  readonly move?: ((from: string, to: string, options: CopyOptions) => Promise<ObjectInfo>) | undefined;

  /** A permanent link for everybody. */
  readonly publicUrl?: ((key: string) => string) | undefined;

  /** A link for reading that expires. */
  readonly signedUrl?: ((key: string, options: SignedUrlOptions) => Promise<string>) | undefined;

  /** A request with which a client writes the object without passing through this process. */
  readonly signUpload?: ((key: string, options: SignUploadOptions) => Promise<SignedUpload>) | undefined;

  /** The same in parts, for large files and shaky connections. */
  readonly multipart?: MultipartUploads | undefined;

  /** Has the provider itself fetch a URL and store what it gets. */
  readonly importFrom?: ((key: string, url: string, options: PutOptions) => Promise<ObjectInfo>) | undefined;

  /**
   * Removes many at once. Resolves with the failures, one entry for each key that is not gone; keys of
   * missing objects are a success.
   */
  readonly deleteMany?:
    | ((keys: readonly string[], options: CallOptions) => Promise<readonly DeleteFailure[]>)
    | undefined;

  /** What it is made of. A plain provider may leave it out. */
  readonly describe?: (() => Description) | undefined;

  /**
   * Forgets by what the provider knows its place again, so that another disk or folder there is taken. An operator has said that it
   * is the right one. Only where a place can be told from another.
   */
  readonly reopen?: (() => Promise<void>) | undefined;

  /** Stops what runs in the background and releases every handle. Calls after it reject. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** A key that is not gone, and why. */
export interface DeleteFailure {
  readonly key: string;
  readonly error: unknown;
}
