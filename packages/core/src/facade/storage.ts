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

/** `MultipartUploads` as the facade has them: options may be left out. */
export type StorageMultipart = {
  readonly [Name in keyof MultipartUploads]: MultipartUploads[Name] extends (
    ...given: [...infer Rest, infer Options extends CallOptions]
  ) => infer Result
    ? (...given: [...Rest, options?: Outer<Options>]) => Result
    : never;
};

/** The outcome of a delete at one place. */
export interface Deleted {
  /** The members that were not asked, and may hold another copy. */
  readonly unconfirmed?: readonly string[] | undefined;
}

/** An object under its ref: reads go to that very place first. */
export interface StoredAt extends Located {
  readonly get: (options?: StorageGetOptions) => Promise<StoredObject & AsyncDisposable>;
  readonly head: (options?: StorageHeadOptions) => Promise<ObjectInfo>;
  readonly find: (options?: Outer<ComposedHeadOptions>) => Promise<ObjectInfo | undefined>;
  readonly exists: (options?: Outer<ComposedHeadOptions>) => Promise<boolean>;
  /** Makes a permanent link to that very place. @throws StorageError `Unsupported`. */
  readonly publicUrl: (options?: Outer<CallOptions>) => Promise<string>;
  /** Makes a link for reading that expires, to that very place. @throws StorageError `Unsupported`. */
  readonly signedUrl: (options?: Outer<SignedUrlOptions>) => Promise<string>;
  /** As {@link FileStorage.download}, from that very place. */
  readonly download: (path: string, options?: DownloadOptions) => Promise<ObjectInfo>;
  /** Writes the key through the storage's own way, wherever that leads. */
  readonly put: (body: BodyInput, options?: StoragePutOptions) => Promise<ObjectInfo>;
  /**
   * Deletes the object. A mirror, and every composer with a journal, deletes it everywhere: a copy that went alone would be
   * made again. A chain or a split without a journal deletes at that very place and waits for no other member.
   *
   * @returns In `unconfirmed` the members that were not asked, and may hold another copy.
   */
  readonly delete: (options?: Outer<DeleteOptions>) => Promise<Deleted>;
}

/**
 * Files in one place or several, for applications.
 *
 * Keys and options are checked before a byte moves, and what the provider does not support is refused with
 * `Unsupported`, never ignored. Failures are `StorageError`s; wrong types are `TypeError`s; an abort rejects
 * with `signal.reason`, unchanged.
 */
export interface FileStorage {
  /** The provider with the retries and limits that were put around it. */
  readonly provider: ComposedProvider;

  /**
   * Writes an object, whole or not at all, and replaces an older one.
   *
   * @param key - 1 to 1,024 bytes of UTF-8, segments separated by `/`.
   * @param body - Read once, or again for a retry where it can be. A stream is destroyed when the put fails.
   * @returns The facts of the new object; `provider` and `ref` say where it is.
   * @throws StorageError `SourceError` when the body fails or is not of `size`; `AlreadyExists` and
   * `PreconditionFailed` when a condition does not hold; what else `ERROR_CODES` lists.
   */
  readonly put: (key: string, body: BodyInput, options?: StoragePutOptions) => Promise<ObjectInfo>;

  /**
   * Begins a put for those who can only write into a stream. The stream ends when the object is stored, so that
   * `pipeline(source, stream)` waits for it, and fails with the error of the put. Destroying the stream stores nothing.
   *
   * @returns The stream, and a promise of the facts of the new object.
   */
  readonly writer: (key: string, options?: StoragePutOptions) => ObjectWriter;

  /**
   * Opens an object. The result owns a socket or a file: read it, or `destroy()` it.
   *
   * @throws StorageError `NotFound`; `InvalidRange`; `PreconditionFailed`; `NotModified`.
   */
  readonly get: (key: string, options?: StorageGetOptions) => Promise<StoredObject & AsyncDisposable>;

  /** Returns the facts of an object. @throws StorageError `NotFound`; `NotModified`. */
  readonly head: (key: string, options?: StorageHeadOptions) => Promise<ObjectInfo>;

  /** Returns the facts of an object, or `undefined` when there is none; a provider that cannot answer rejects. */
  readonly find: (key: string, options?: Outer<ComposedHeadOptions>) => Promise<ObjectInfo | undefined>;

  /** `false` only when there is no object; a provider that cannot answer rejects. */
  readonly exists: (key: string, options?: Outer<ComposedHeadOptions>) => Promise<boolean>;

  /** Removes an object; a missing one is a success. */
  readonly delete: (key: string, options?: Outer<DeleteOptions>) => Promise<void>;

  /** Duplicates an object with its headers and metadata; inside the provider where it can. */
  readonly copy: (from: string, to: string, options?: StorageCopyOptions) => Promise<ObjectInfo>;

  /** Copies, then deletes. Not atomic: when the delete fails both are there, and the error says so. */
  readonly move: (from: string, to: string, options?: StorageCopyOptions) => Promise<ObjectInfo>;

  /**
   * Every object, in UTF-8 byte order of the keys where the provider has `orderedList`; pages are fetched as they are
   * needed.
   */
  readonly list: (options?: Omit<StorageListOptions, "delimiter">) => AsyncIterable<ObjectInfo>;

  /** One page of objects and common prefixes. */
  readonly listPage: (options?: StorageListOptions) => Promise<ListPage>;

  /**
   * Writes an object to a file that appears whole. Of an object larger than 16 MiB several parts are read at
   * once; an interrupted transfer is resumed by range, and one of an object that has changed begins anew.
   */
  readonly download: (key: string, path: string, options?: DownloadOptions) => Promise<ObjectInfo>;

  /** Puts many objects, some at once. Never rejects for an item: every item has a result, in order. */
  readonly putMany: (
    items: Iterable<PutManyItem> | AsyncIterable<PutManyItem>,
    options?: PutManyOptions,
  ) => Promise<readonly PutManyResult[]>;

  /** Deletes many objects. Never rejects for a key: failures are in the result. */
  readonly deleteMany: (
    keys: Iterable<string> | AsyncIterable<string>,
    options?: Outer<CallOptions>,
  ) => Promise<DeleteManyResult>;

  /**
   * Deletes everything under a folder.
   *
   * @param prefix - Ends with `/`, so that `users/1` never takes `users/10` with it.
   */
  readonly deletePrefix: (prefix: string, options?: Outer<CallOptions>) => Promise<DeleteManyResult>;

  /** Puts every file of a folder under a prefix, playlists of HLS and DASH after what they refer to. */
  readonly putDirectory: (
    directory: string,
    prefix: string,
    options?: PutDirectoryOptions,
  ) => Promise<readonly ObjectInfo[]>;

  /** Which member a ref, an old URL or a path points to, and the key there; `undefined` when none of ours. */
  readonly locate: (text: string) => Located | undefined;

  /** The object under a ref. @throws StorageError `InvalidArgument` when no member owns the ref. */
  readonly at: (ref: string) => StoredAt;

  /**
   * Returns a permanent link for everybody; of a composer a promise of one, because it asks its members where the object is.
   *
   * @throws StorageError `Unsupported` when nothing is known that everybody can read.
   */
  readonly publicUrl: (key: string, options?: Outer<CallOptions>) => string | Promise<string>;

  /**
   * A link for reading that expires.
   *
   * @throws StorageError `InvalidArgument`; `Unsupported`.
   */
  readonly signedUrl: (key: string, options?: Outer<SignedUrlOptions>) => Promise<string>;

  /**
   * A request with which a client uploads by itself. The signature binds the type (default: that of the key's
   * extension) and the length. What a provider cannot bind it tells by an event `"ignored"`.
   *
   * @throws StorageError `InvalidArgument`, also without `contentLength` or `maxBytes`; `Unsupported`.
   */
  readonly signUpload: (key: string, options?: Outer<SignUploadOptions>) => Promise<SignedUpload>;

  /** Uploads in parts that a client does by itself, where the provider has them. */
  readonly multipart: StorageMultipart | undefined;

  /**
   * Takes note of what a client has uploaded with {@link FileStorage.signUpload}: a composer with a journal gives it a
   * version and brings it to its other members. Elsewhere it only looks.
   *
   * @throws StorageError `NotFound` when nothing was uploaded.
   */
  readonly finalize: (key: string, options?: Outer<ComposedHeadOptions>) => Promise<ObjectInfo>;

  /** Has the provider fetch a URL itself. @throws StorageError `Unsupported`. */
  readonly importFrom: (key: string, url: string, options?: Outer<PutOptions>) => Promise<ObjectInfo>;

  /**
   * Compares what is stored with what should be stored, and tells what is missing, extra, different, or cannot be verified.
   *
   * A composer with a journal asks every member for every object. Each object takes one request to each member, and with `deep` a
   * further one that reads the bytes. The composer notes what it finds, and repair puts it right. Any other storage has no
   * other copy to compare with. Its objects are listed; with `deep` each is read, and its bytes are compared with its own SHA-256, where
   * that is known.
   *
   * @param prefix - Only keys that begin with this.
   * @throws StorageError `Unavailable` when a member cannot be listed; `InvalidKey` for a prefix that breaks the rules.
   */
  readonly verify: (prefix?: string, options?: VerifyOptions) => Promise<VerifyReport>;

  /** What the storage is made of, and what it promises. */
  readonly describe: () => Description;

  /**
   * Puts right what composers with a journal have left to do, from now on and in this process: copies that are missing,
   * deletes that were not confirmed, writes whose outcome is unknown; and removes what has expired. Any number of processes
   * may do so. `close` stops it.
   *
   * @throws StorageError `Unsupported` when no composer in it has a journal, and nothing expires.
   */
  readonly startRepair: (options?: RepairOptions) => RepairWorker;

  /** How it is: asks every member, and writes to every journal. For a health check; never rejects for what it finds. */
  readonly health: () => Promise<Health>;

  /**
   * Lets calls that are under way finish, aborts what is still open after `graceMs` (default 10,000), and
   * releases every handle. Calls that come later reject with `Unavailable`.
   */
  readonly close: (options?: { readonly graceMs?: number | undefined }) => Promise<void>;
}
