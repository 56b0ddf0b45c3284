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
 * The bytes to write, in one form for all kinds of input. A provider reads a body with `open()`, or uses `bytes` or
 * `path` directly if one of them is present.
 *
 * **Behaviour**
 * - If a body is not `replayable`, only the first `open()` works. Later calls fail with `SourceError`.
 * - If the source fails, or its length differs from `size`, the opened stream fails with a `SourceError`. The provider passes
 *   this error on and commits nothing.
 * - When a provider fails or is aborted, it destroys the streams that it has opened.
 */
export interface Body {
  /** The length in bytes, if it is known before reading. */
  readonly size?: number | undefined;
  /** True if `open` may be called again. */
  readonly replayable: boolean;
  /** All bytes, if they are already in memory. The bytes must not be changed. */
  readonly bytes?: Uint8Array | undefined;
  /** The path of a file with exactly these bytes, if the body is a file. */
  readonly path?: string | undefined;
  /** Starts reading the whole body or a range of it. Chunks are `Uint8Array`s. */
  readonly open: (range?: { readonly offset: number; readonly length: number }) => Readable;
}

/** One page of a listing. */
export interface ListPage {
  /** The objects, in UTF-8 byte order of their keys, unless `supports.orderedList` is false. */
  readonly objects: readonly ObjectInfo[];
  /** The common prefixes, in the same order. Each prefix ends with the delimiter. */
  readonly prefixes: readonly string[];
  /**
   * Present if there are more entries. A page may be short or even empty. A listing has ended only when the cursor is
   * missing.
   */
  readonly cursor?: string | undefined;
  /**
   * The keys that break the rules, such as `"videos/"`. Other software has written these keys, and no verb can reach
   * their objects.
   */
  readonly skipped?: readonly SkippedKey[] | undefined;
}

/** A stored key that breaks the rules for keys. */
export interface SkippedKey {
  /** The key as the store has it. A common prefix ends with the delimiter. */
  readonly key: string;
  /** The rule that the key breaks. */
  readonly reason: string;
}

/** The result of a get: an object that is being read. */
export interface GetResult {
  readonly info: ObjectInfo;
  /** Present if a range was requested. */
  readonly range?: ServedRange | undefined;
  /**
   * The bytes, if they are already in memory. Otherwise a stream that owns a socket or a file. The socket or file is released
   * when the stream is destroyed or read to its end.
   */
  readonly body: Uint8Array | Readable;
  /** True if the body is an open file. An open file keeps the bytes of the opened version, even if the object is replaced. */
  readonly isFile?: boolean | undefined;
}

/** A description of a provider: its parts and its promises. `storage.describe()` returns it. */
export interface Description {
  readonly kind: "provider" | "wrapper" | "composer";
  /** The factory's name: `"local"`, `"retry"`, `"fallback"`. */
  readonly type: string;
  readonly name: string;
  /** The kind of state that a composer's promises depend on. */
  readonly tier?: "stateless" | "embedded" | "shared" | undefined;
  readonly promises?: readonly string[] | undefined;
  readonly limits?: readonly string[] | undefined;
  /** Facts about the way in which the provider works. They are neither promises nor limits. */
  readonly notes?: readonly string[] | undefined;
  /** The providers that this provider wraps or combines, in order. */
  readonly members?: readonly Description[] | undefined;
}

/**
 * The interface of a provider, which stores objects in one place. Authors of adapters implement this interface.
 * Applications use `FileStorage`.
 *
 * The interface is small, with one way to do each thing. Its functions are properties and never use `this`, so each
 * function can be passed on separately.
 *
 * **Behaviour that holds for every verb**
 * - `key` has been checked: 1 to 1,024 bytes of well-formed UTF-8, no empty or dots-only segment, no control character, no
 *   backslash. The key is data, and is never trimmed, normalised, decoded or case-folded. A key that this provider cannot hold is
 *   refused with `Unsupported` before any byte is sent.
 * - `options` is always an object. The provider never receives options that its `supports` excludes.
 * - A failure is a `StorageError`; an abort rejects with `signal.reason`, unchanged.
 * - A call makes one attempt. A wrapper does the retries.
 * - A call leaves no temporary data, no socket and no timer behind.
 */
export interface StorageProvider {
  /**
   * The name of the provider in errors and logs, such as `"s3"`. The name is lower-case, stable, and unique among the members of
   * a composer.
   */
  readonly name: string;
  readonly supports: Supports;

  /**
   * Writes a complete object, or writes nothing.
   *
   * **Behaviour**
   * - When the put resolves, every later read returns the new bytes and facts together. The object is then as durable
   *   as the provider.
   * - When the put rejects with `applied: "no"`, the old object is unchanged.
   * - After two puts of one key at the same time, the key has the complete object of one of the two puts.
   * - If a body is shorter or longer than its `size`, nothing is committed.
   * - The new object inherits no headers or metadata from the old object.
   * - Without `contentType`, the key's extension determines the type.
   *
   * @throws StorageError `AlreadyExists`, `PreconditionFailed`, `Unsupported`, `SourceError`, `TooLarge`, `OutOfSpace` and the
   *   other codes that {@link ERROR_CODES} lists.
   */
  readonly put: (key: string, body: Body, options: PutOptions) => Promise<ObjectInfo>;

  /**
   * Opens an object for reading. The call resolves only if the object exists. If the key is missing, the call itself rejects with
   * `NotFound`; the stream never fails with `NotFound` later.
   *
   * @throws StorageError `NotFound`; `InvalidRange` if the range starts at or after the end of the object, or is empty.
   */
  readonly get: (key: string, options: GetOptions) => Promise<GetResult>;

  /** Returns the facts of an object. @throws StorageError `NotFound`. */
  readonly head: (key: string, options: HeadOptions) => Promise<ObjectInfo>;

  /** Removes an object. The call also resolves if there is no object. */
  readonly delete: (key: string, options: DeleteOptions) => Promise<void>;

  /** Returns one page of a listing. A missing bucket or root is an error, never an empty page. */
  readonly list: (options: ListOptions) => Promise<ListPage>;

  /** Returns the ref of a key: `s3://bucket/key`, `file:///…`. The object need not exist. */
  readonly ref: (key: string) => string;

  /**
   * Finds the key in a ref, in an old public URL or in a path. Returns `undefined` if the text does not point into this provider.
   * The call never asks the store.
   */
  readonly locate: (text: string) => Located | undefined;

  /** Copies an object with its headers and metadata, without sending the bytes through this process. */
  readonly copy?: ((from: string, to: string, options: CopyOptions) => Promise<ObjectInfo>) | undefined;

  /**
   * Moves an object to another key, with its headers and metadata, in one step. At every moment the object exists under at least
   * one of the two keys. The keys always differ. If a provider has no `move`, the facade copies the object and deletes the
   * source.
   */
  readonly move?: ((from: string, to: string, options: CopyOptions) => Promise<ObjectInfo>) | undefined;

  /** Makes a permanent link that works for everybody. */
  readonly publicUrl?: ((key: string) => string) | undefined;

  /** Makes a temporary link for reading an object. */
  readonly signedUrl?: ((key: string, options: SignedUrlOptions) => Promise<string>) | undefined;

  /** Makes a signed request that a client uses to upload the object directly to the store. */
  readonly signUpload?: ((key: string, options: SignUploadOptions) => Promise<SignedUpload>) | undefined;

  /**
   * The functions for uploads in parts, which clients send directly to the store. Such uploads are for large files and
   * unreliable connections.
   */
  readonly multipart?: MultipartUploads | undefined;

  /** Makes the provider itself fetch a URL and store the response. */
  readonly importFrom?: ((key: string, url: string, options: PutOptions) => Promise<ObjectInfo>) | undefined;

  /**
   * Removes many objects in one call. Resolves with the failures, one entry for each key that was not removed. A missing object
   * counts as a success.
   */
  readonly deleteMany?:
    | ((keys: readonly string[], options: CallOptions) => Promise<readonly DeleteFailure[]>)
    | undefined;

  /** Returns the description of the provider. A plain provider may leave this function out. */
  readonly describe?: (() => Description) | undefined;

  /**
   * Forgets the facts by which the provider recognises its disk or folder. A different disk or folder is then accepted. A
   * composer calls this function after an operator has confirmed the new disk or folder. Only providers that recognise their disk
   * or folder have this function.
   */
  readonly reopen?: (() => Promise<void>) | undefined;

  /** Stops background work and releases every handle. Later calls reject. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** A key that was not removed, and the reason. */
export interface DeleteFailure {
  readonly key: string;
  readonly error: unknown;
}
