import type { BodyInput } from "../body/body.js";
import type {
  DeleteManyResult,
  DownloadOptions,
  Outer,
  PutDirectoryOptions,
  PutManyItem,
  PutManyOptions,
  PutManyResult,
  RepairOptions,
  StorageCopyOptions,
  StorageGetOptions,
  StorageHeadOptions,
  StorageListOptions,
  StoragePutOptions,
  VerifyOptions,
  VerifyReport,
} from "./storage-options.js";
import type {
  MultipartUploads,
  SignUploadOptions,
  SignedUpload,
  SignedUrlOptions,
} from "../contract/links.js";
import type { ComposedHeadOptions, ComposedProvider } from "../contract/composed-provider.js";
import type { Description, ListPage } from "../contract/provider.js";
import type { Health } from "../contract/upkeep.js";
import type { ObjectWriter } from "./object-writer.js";
import type { RepairWorker } from "./repair-worker.js";
import type { StoredObject } from "./stored-object.js";
import type { CallOptions, DeleteOptions, PutOptions } from "../contract/call-options.js";
import type { Located, ObjectInfo } from "../contract/object.js";

/** The verbs of `MultipartUploads` in the facade, with optional `options`. */
export type StorageMultipart = {
  readonly [Name in keyof MultipartUploads]: MultipartUploads[Name] extends (
    ...given: [...infer Rest, infer Options extends CallOptions]
  ) => infer Result
    ? (...given: [...Rest, options?: Outer<Options>]) => Result
    : never;
};

/** The outcome of a delete by ref. */
export interface Deleted {
  /** The members that were not asked and may hold another copy. */
  readonly unconfirmed?: readonly string[] | undefined;
}

/** An object that a ref points to. Reads ask the member of that ref first. */
export interface StoredAt extends Located {
  readonly get: (options?: StorageGetOptions) => Promise<StoredObject & AsyncDisposable>;
  readonly head: (options?: StorageHeadOptions) => Promise<ObjectInfo>;
  readonly find: (options?: Outer<ComposedHeadOptions>) => Promise<ObjectInfo | undefined>;
  readonly exists: (options?: Outer<ComposedHeadOptions>) => Promise<boolean>;
  /** Makes a permanent link to the object. @throws StorageError `Unsupported`. */
  readonly publicUrl: (options?: Outer<CallOptions>) => Promise<string>;
  /** Makes a link for reading the object. The link expires. @throws StorageError `Unsupported`. */
  readonly signedUrl: (options?: Outer<SignedUrlOptions>) => Promise<string>;
  /** Writes the object to a file, like {@link FileStorage.download}. The member of the ref is asked first. */
  readonly download: (path: string, options?: DownloadOptions) => Promise<ObjectInfo>;
  /**
   * Writes an object to the key, like {@link FileStorage.put}. The new object may be stored on a different member than the member of the
   * ref.
   */
  readonly put: (body: BodyInput, options?: StoragePutOptions) => Promise<ObjectInfo>;
  /**
   * Deletes the object. A mirror, and every composer with a journal, deletes the object from all members, because repair would
   * replace a single deleted copy. A chain or a split without a journal deletes only the copy that the ref points to, and does
   * not wait for other members.
   *
   * @returns The members that were not asked and may hold another copy, as `unconfirmed`.
   */
  readonly delete: (options?: Outer<DeleteOptions>) => Promise<Deleted>;
}

/**
 * The interface for applications. It stores files in one place or in several places.
 *
 * Keys and options are checked before any byte is sent. An option that the provider does not support is refused with
 * `Unsupported` and never ignored. Failures reject with a `StorageError`, wrong types reject with a `TypeError`, and an abort
 * rejects with `signal.reason`, unchanged.
 */
export interface FileStorage {
  /** The provider, wrapped in its retries and time limits. */
  readonly provider: ComposedProvider;

  /**
   * Writes a complete object, or writes nothing. The new object replaces the old object of the key.
   *
   * @param key - 1 to 1,024 bytes of UTF-8, segments separated by `/`.
   * @param body - The bytes. They are read one time, and again for a retry if the body is replayable. A stream is destroyed if
   *   the put fails.
   * @returns The facts of the new object. `provider` and `ref` say where the object is stored.
   * @throws StorageError `SourceError` if the body fails or its length is not `size`; `AlreadyExists` and `PreconditionFailed` if
   *   a condition does not hold; and the other codes that `ERROR_CODES` lists.
   */
  readonly put: (key: string, body: BodyInput, options?: StoragePutOptions) => Promise<ObjectInfo>;

  /**
   * Begins a put for code that can only write to a stream. The stream finishes when the object is stored, so
   * `pipeline(source, stream)` waits for the put. If the put fails, the stream fails with the same error. If the stream is destroyed, nothing is
   * stored.
   *
   * @returns The stream, and a promise for the facts of the new object.
   */
  readonly writer: (key: string, options?: StoragePutOptions) => ObjectWriter;

  /**
   * Opens an object. The result owns a socket or a file. Read the result to its end, or call `destroy()`.
   *
   * @throws StorageError `NotFound`; `InvalidRange`; `PreconditionFailed`; `NotModified`.
   */
  readonly get: (key: string, options?: StorageGetOptions) => Promise<StoredObject & AsyncDisposable>;

  /** Returns the facts of an object. @throws StorageError `NotFound`; `NotModified`. */
  readonly head: (key: string, options?: StorageHeadOptions) => Promise<ObjectInfo>;

  /** Returns the facts of an object, or `undefined` if there is no object. The call rejects if the provider cannot answer. */
  readonly find: (key: string, options?: Outer<ComposedHeadOptions>) => Promise<ObjectInfo | undefined>;

  /** Tells whether the key has an object. The call rejects if the provider cannot answer. */
  readonly exists: (key: string, options?: Outer<ComposedHeadOptions>) => Promise<boolean>;

  /** Removes an object. If there is no object, the call succeeds. */
  readonly delete: (key: string, options?: Outer<DeleteOptions>) => Promise<void>;

  /** Copies an object with its headers and metadata. The copy is made inside the provider if the provider can copy. */
  readonly copy: (from: string, to: string, options?: StorageCopyOptions) => Promise<ObjectInfo>;

  /**
   * Moves an object to another key, with its headers and metadata. A provider that can move does this in one step. Otherwise the object is
   * copied and the source is deleted, which is not atomic. If the delete fails, both objects exist, and the error message says this.
   */
  readonly move: (from: string, to: string, options?: StorageCopyOptions) => Promise<ObjectInfo>;

  /**
   * Lists every object, in UTF-8 byte order of the keys if the provider supports `orderedList`. Pages are fetched only when they
   * are needed.
   */
  readonly list: (options?: Omit<StorageListOptions, "delimiter">) => AsyncIterable<ObjectInfo>;

  /** Returns one page of objects and common prefixes. */
  readonly listPage: (options?: StorageListOptions) => Promise<ListPage>;

  /**
   * Writes an object to a file. The file appears only when it is complete. If an object is larger than 16 MiB, several parts are
   * read at the same time. An interrupted transfer continues where it stopped. If the object has changed in the meantime, the
   * transfer starts again.
   */
  readonly download: (key: string, path: string, options?: DownloadOptions) => Promise<ObjectInfo>;

  /**
   * Puts many objects, several at the same time. The call does not reject when an item fails. Every item has a result, in order.
   */
  readonly putMany: (
    items: Iterable<PutManyItem> | AsyncIterable<PutManyItem>,
    options?: PutManyOptions,
  ) => Promise<readonly PutManyResult[]>;

  /** Deletes many objects. The call does not reject when a key fails. The result contains the failures. */
  readonly deleteMany: (
    keys: Iterable<string> | AsyncIterable<string>,
    options?: Outer<CallOptions>,
  ) => Promise<DeleteManyResult>;

  /**
   * Deletes all objects under a folder.
   *
   * @param prefix - The prefix of the folder. It must end with `/`, so that `users/1/` never includes `users/10`.
   */
  readonly deletePrefix: (prefix: string, options?: Outer<CallOptions>) => Promise<DeleteManyResult>;

  /** Puts every file of a folder under a prefix. Playlists of HLS and DASH are put after the files that they refer to. */
  readonly putDirectory: (
    directory: string,
    prefix: string,
    options?: PutDirectoryOptions,
  ) => Promise<readonly ObjectInfo[]>;

  /**
   * Returns the member that a ref, an old URL or a path points to, and the key on that member. Returns `undefined` if the text
   * does not point to any member.
   */
  readonly locate: (text: string) => Located | undefined;

  /** Returns the object that a ref points to. @throws StorageError `InvalidArgument` if no member owns the ref. */
  readonly at: (ref: string) => StoredAt;

  /**
   * Returns a permanent link that works for everybody. A composer returns a promise for the link, because the composer must ask its members
   * for the object.
   *
   * @throws StorageError `Unsupported` if the provider has no public address for the object.
   */
  readonly publicUrl: (key: string, options?: Outer<CallOptions>) => string | Promise<string>;

  /**
   * Makes a temporary link for reading an object.
   *
   * @throws StorageError `InvalidArgument`; `Unsupported`.
   */
  readonly signedUrl: (key: string, options?: Outer<SignedUrlOptions>) => Promise<string>;

  /**
   * Makes a signed request that a client uses to upload directly to the store. The signature covers the media type (by
   * default, the type for the key's extension) and the length, so the client cannot change them. If the provider's
   * signature cannot cover the media type or the length, an event `"ignored"` reports this.
   *
   * @throws StorageError `InvalidArgument`, also if both `contentLength` and `maxBytes` are missing; `Unsupported`.
   */
  readonly signUpload: (key: string, options?: Outer<SignUploadOptions>) => Promise<SignedUpload>;

  /**
   * The verbs for uploads in parts, which clients send directly to the store; `undefined` if the provider does not support such
   * uploads.
   */
  readonly multipart: StorageMultipart | undefined;

  /**
   * Returns the facts of an object that a client has uploaded with {@link FileStorage.signUpload}. A composer with a journal also
   * gives the object a version and copies the object to its other members.
   *
   * @throws StorageError `NotFound` if nothing was uploaded.
   */
  readonly finalize: (key: string, options?: Outer<ComposedHeadOptions>) => Promise<ObjectInfo>;

  /** Makes the provider itself fetch a URL and store the response. @throws StorageError `Unsupported`. */
  readonly importFrom: (key: string, url: string, options?: Outer<PutOptions>) => Promise<ObjectInfo>;

  /**
   * Compares the stored objects with the objects that should be stored. Reports missing, extra, different and unverifiable objects.
   *
   * A composer with a journal asks every member for every object. The composer makes one request for each object and
   * member. With `deep`, a second request reads the bytes. The composer saves its findings, and repair fixes them. Any
   * other storage has no second copy to compare with, so its objects are only listed. With `deep`, each of these
   * objects is read, and the SHA-256 of the bytes is compared with the stored SHA-256, if there is one.
   *
   * @param prefix - The prefix of the keys to verify.
   * @throws StorageError `Unavailable` if a member cannot be listed; `InvalidKey` if the prefix breaks the rules.
   */
  readonly verify: (prefix?: string, options?: VerifyOptions) => Promise<VerifyReport>;

  /** Returns a description of the storage: its parts and its promises. */
  readonly describe: () => Description;

  /**
   * Starts repair in this process. Repair does the remaining work of composers with a journal: it makes missing copies, finishes
   * unconfirmed deletes, and finds out the outcome of unknown writes. Repair also removes expired objects. Any number of
   * processes may run repair. `close` stops repair.
   *
   * @throws StorageError `Unsupported` if the storage has no composer with a journal and no rules for expiry.
   */
  readonly startRepair: (options?: RepairOptions) => RepairWorker;

  /**
   * Returns the state of the storage for a health check. The call asks every member and writes to every journal. It does not
   * reject when it finds a problem.
   */
  readonly health: () => Promise<Health>;

  /**
   * Closes the storage. Lets running calls finish, aborts the calls that still run after `graceMs` (default 10,000), and releases
   * every handle. Later calls reject with `Unavailable`.
   */
  readonly close: (options?: { readonly graceMs?: number | undefined }) => Promise<void>;
}
