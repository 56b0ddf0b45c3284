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
 * The bytes to be written, in one form whatever they were given as. A provider reads a body by `open()`, or takes a shorter way
 * when `bytes` or `path` is present.
 *
 * **Behaviour**
 * - `open()` of a body that is not `replayable` works once. After that it fails with `SourceError`.
 * - A source that fails, or whose length differs from `size`, makes the opened stream fail with a `SourceError`. A provider
 *   passes the error on and commits nothing.
 * - A provider destroys the streams that it opened when it fails or is aborted.
 */
export interface Body {
  /** The length in bytes, when it is known before reading. */
  readonly size?: number | undefined;
  /** True when `open` may be called again. */
  readonly replayable: boolean;
  /** All of the bytes, when they are in memory anyway. They must not be changed. */
  readonly bytes?: Uint8Array | undefined;
  /** The path of a file that holds exactly these bytes, when the body is a file. */
  readonly path?: string | undefined;
  /** Starts reading the whole body or a stretch of it. Chunks are `Uint8Array`s. */
  readonly open: (range?: { readonly offset: number; readonly length: number }) => Readable;
}

/** One page of a listing. */
export interface ListPage {
  /** The objects, in UTF-8 byte order of their keys, unless `supports.orderedList` is false. */
  readonly objects: readonly ObjectInfo[];
  /** The common prefixes, each with the delimiter at its end, in the same order. */
  readonly prefixes: readonly string[];
  /** Present when there is more. A page may be short or even empty. Only a missing cursor ends a listing. */
  readonly cursor?: string | undefined;
  /** The keys that other software has put there and that break the rules, such as `"videos/"`. No verb can reach them. */
  readonly skipped?: readonly SkippedKey[] | undefined;
}

/** A key in a store that breaks the rules for keys. */
export interface SkippedKey {
  /** The key as the store has it. A common prefix ends with the delimiter. */
  readonly key: string;
  /** The rule that the key breaks. */
  readonly reason: string;
}

/** An object being read. */
export interface GetResult {
  readonly info: ObjectInfo;
  /** Present when a range was asked for. */
  readonly range?: ServedRange | undefined;
  /**
   * The bytes, when they are in memory already. Otherwise a stream that owns a socket or a file. The socket or file is released
   * when the stream is destroyed or read to its end.
   */
  readonly body: Uint8Array | Readable;
  /**
   * True when the body is an open file. Its bytes stay those of the version that was opened, even when the object is replaced.
   */
  readonly isFile?: boolean | undefined;
}

/** A description of a provider: its parts and its promises. `storage.describe()` returns it. */
export interface Description {
  readonly kind: "provider" | "wrapper" | "composer";
  /** The factory's name: `"local"`, `"retry"`, `"fallback"`. */
  readonly type: string;
  readonly name: string;
  /** The kind of state that a composer's promises rest on. */
  readonly tier?: "stateless" | "embedded" | "shared" | undefined;
  readonly promises?: readonly string[] | undefined;
  readonly limits?: readonly string[] | undefined;
  /** The providers that it wraps or combines, in order. */
  readonly members?: readonly Description[] | undefined;
}

/**
 * One place that stores objects. The author of an adapter implements this interface. Applications use `FileStorage`.
 *
 * The interface is small, with one way to do each thing. Its members are function properties and never use `this`, so they can be
 * passed around on their own.
 *
 * **Behaviour that holds for every verb**
 * - `key` has been checked: 1 to 1,024 bytes of well-formed UTF-8, no empty or dots-only segment, no control character, no
 *   backslash. The key is data: it is never trimmed, normalised, decoded or folded. A key that this provider cannot hold is
 *   refused with `Unsupported` before a byte moves.
 * - `options` is always an object. Options that `supports` denies never arrive.
 * - A failure is a `StorageError`; an abort rejects with `signal.reason`, unchanged.
 * - A call makes one attempt. Retries are the work of a wrapper.
 * - Nothing is left behind: no temporary data, no socket, no timer.
 */
export interface StorageProvider {
  /**
   * The name of the provider for errors and logs, such as `"s3"`. It is lower-case, stable, and unique among the members of a
   * composer.
   */
  readonly name: string;
  readonly supports: Supports;

  /**
   * Writes an object, whole or not at all.
   *
   * **Behaviour**
   * - When it resolves, every later read sees the new bytes and facts together, as durable as the provider is.
   * - When it rejects with `applied: "no"`, the old object is as it was.
   * - After two puts of one key at the same time, the object is that of one of them, whole.
   * - A body shorter or longer than its `size` commits nothing.
   * - Headers and metadata that are not given are not inherited from the old object.
   * - Without `contentType` the type follows from the key's extension.
   *
   * @throws StorageError `AlreadyExists`, `PreconditionFailed`, `Unsupported`, `SourceError`, `TooLarge`, `OutOfSpace` and the
   *   others that {@link ERROR_CODES} lists.
   */
  readonly put: (key: string, body: Body, options: PutOptions) => Promise<ObjectInfo>;

  /**
   * Opens an object for reading. The call resolves only when the object exists. A missing key makes the call itself reject with
   * `NotFound`; the stream never does so later.
   *
   * @throws StorageError `NotFound`; `InvalidRange` when the range starts at or after the end, or is empty.
   */
  readonly get: (key: string, options: GetOptions) => Promise<GetResult>;

  /** Returns the facts of an object. @throws StorageError `NotFound`. */
  readonly head: (key: string, options: HeadOptions) => Promise<ObjectInfo>;

  /** Removes an object. The call also resolves when there is no object. */
  readonly delete: (key: string, options: DeleteOptions) => Promise<void>;

  /** Returns one page of a listing. An absent bucket or root is an error, never an empty page. */
  readonly list: (options: ListOptions) => Promise<ListPage>;

  /** Returns the ref of a key: `s3://bucket/key`, `file:///…`. The ref says nothing about existence. */
  readonly ref: (key: string) => string;

  /**
   * Finds the key in a ref, in an old public URL or in a path. Returns `undefined` when the text does not point into this
   * provider. It never asks the store.
   */
  readonly locate: (text: string) => Located | undefined;

  /** Duplicates an object with its headers and metadata, without moving the bytes through this process. */
  readonly copy?: ((from: string, to: string, options: CopyOptions) => Promise<ObjectInfo>) | undefined;

  /**
   * Gives an object another key, with its headers and metadata, in one step: at each instant the object is there under at least
   * one of the two. The keys differ. When a provider has no `move`, the facade copies and deletes.
   */
  readonly move?: ((from: string, to: string, options: CopyOptions) => Promise<ObjectInfo>) | undefined;

  /** Makes a permanent link that works for everybody. */
  readonly publicUrl?: ((key: string) => string) | undefined;

  /** Makes a link for reading that expires. */
  readonly signedUrl?: ((key: string, options: SignedUrlOptions) => Promise<string>) | undefined;

  /** Makes a request with which a client writes the object without passing through this process. */
  readonly signUpload?: ((key: string, options: SignUploadOptions) => Promise<SignedUpload>) | undefined;

  /** Uploads in parts, which clients send by themselves. They are for large files and shaky connections. */
  readonly multipart?: MultipartUploads | undefined;

  /** Makes the provider itself fetch a URL and store the answer. */
  readonly importFrom?: ((key: string, url: string, options: PutOptions) => Promise<ObjectInfo>) | undefined;

  /**
   * Removes many objects at once. Resolves with the failures, one entry for each key that is not gone. The key of a missing
   * object is a success.
   */
  readonly deleteMany?:
    | ((keys: readonly string[], options: CallOptions) => Promise<readonly DeleteFailure[]>)
    | undefined;

  /** Returns the description of the provider. A plain provider may leave this function out. */
  readonly describe?: (() => Description) | undefined;

  /**
   * Forgets the facts by which the provider recognises its place, so that another disk or folder there is accepted. An operator
   * has said that it is the right one. Only a provider that can tell its place from others has this function.
   */
  readonly reopen?: (() => Promise<void>) | undefined;

  /** Stops the work in the background and releases every handle. Later calls reject. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** A key that is not gone, and the reason. */
export interface DeleteFailure {
  readonly key: string;
  readonly error: unknown;
}
