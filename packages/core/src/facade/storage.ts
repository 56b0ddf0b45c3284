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

/** The verbs of `MultipartUploads` as the facade has them: the options may be left out. */
export type StorageMultipart = {
  readonly [Name in keyof MultipartUploads]: MultipartUploads[Name] extends (
    ...given: [...infer Rest, infer Options extends CallOptions]
  ) => infer Result
    ? (...given: [...Rest, options?: Outer<Options>]) => Result
    : never;
};

/** The outcome of a delete at one place. */
export interface Deleted {
  /** The members that were not asked, and that may hold a further copy. */
  readonly unconfirmed?: readonly string[] | undefined;
}

/** An object under its ref. Reads ask the member of that ref first. */
export interface StoredAt extends Located {
  readonly get: (options?: StorageGetOptions) => Promise<StoredObject & AsyncDisposable>;
  readonly head: (options?: StorageHeadOptions) => Promise<ObjectInfo>;
  readonly find: (options?: Outer<ComposedHeadOptions>) => Promise<ObjectInfo | undefined>;
  readonly exists: (options?: Outer<ComposedHeadOptions>) => Promise<boolean>;
  /** Makes a permanent link to the object at that place. @throws StorageError `Unsupported`. */
  readonly publicUrl: (options?: Outer<CallOptions>) => Promise<string>;
  /** Makes a link for reading that expires, to the object at that place. @throws StorageError `Unsupported`. */
  readonly signedUrl: (options?: Outer<SignedUrlOptions>) => Promise<string>;
  /** Writes the object to a file, as {@link FileStorage.download} does. The member of the ref is asked first. */
  readonly download: (path: string, options?: DownloadOptions) => Promise<ObjectInfo>;
  /** Writes the key as {@link FileStorage.put} does. The new object need not be in the place of the ref. */
  readonly put: (body: BodyInput, options?: StoragePutOptions) => Promise<ObjectInfo>;
  /**
   * Deletes the object. A mirror, and every composer with a journal, deletes it everywhere, because a single deleted copy would
   * be made again. A chain or a split without a journal deletes only the copy at the place of the ref, and waits for no other
   * member.
   *
   * @returns The members that were not asked, and that may hold a further copy, as `unconfirmed`.
   */
  readonly delete: (options?: Outer<DeleteOptions>) => Promise<Deleted>;
}

/**
 * The interface for applications: files in one place or several.
 *
 * Keys and options are checked before a byte moves. Options that the provider does not support are refused with `Unsupported`;
 * they are never ignored. Failures are `StorageError`s; wrong types are `TypeError`s; an abort rejects with `signal.reason`,
 * unchanged.
 */
export interface FileStorage {
  /** The provider, with the retries and limits that were put around it. */
  readonly provider: ComposedProvider;

  /**
   * Writes an object, whole or not at all. It replaces the object that the key had.
   *
   * @param key - 1 to 1,024 bytes of UTF-8, segments separated by `/`.
   * @param body - The bytes. They are read once, and again for a retry if the body is replayable. A stream is destroyed when the
   *   put fails.
   * @returns The facts of the new object; its `provider` and `ref` say where the object is.
   * @throws StorageError `SourceError` when the body fails or is not of `size`; `AlreadyExists` and `PreconditionFailed` when a
   *   condition does not hold; and the others that `ERROR_CODES` lists.
   */
  readonly put: (key: string, body: BodyInput, options?: StoragePutOptions) => Promise<ObjectInfo>;

  /**
   * Begins a put for code that can only write into a stream. The stream finishes when the object is stored, so that
   * `pipeline(source, stream)` waits for it. The stream fails with the error of the put. When the stream is destroyed, nothing is
   * stored.
   *
   * @returns The stream, and a promise of the facts of the new object.
   */
  readonly writer: (key: string, options?: StoragePutOptions) => ObjectWriter;

  /**
   * Opens an object. The result owns a socket or a file, so it must be read to its end, or dropped with `destroy()`.
   *
   * @throws StorageError `NotFound`; `InvalidRange`; `PreconditionFailed`; `NotModified`.
   */
  readonly get: (key: string, options?: StorageGetOptions) => Promise<StoredObject & AsyncDisposable>;

  /** Returns the facts of an object. @throws StorageError `NotFound`; `NotModified`. */
  readonly head: (key: string, options?: StorageHeadOptions) => Promise<ObjectInfo>;

  /**
   * Returns the facts of an object, or `undefined` when there is no object. When the provider cannot answer, the call rejects.
   */
  readonly find: (key: string, options?: Outer<ComposedHeadOptions>) => Promise<ObjectInfo | undefined>;

  /** Tells whether there is an object. When the provider cannot answer, the call rejects. */
  readonly exists: (key: string, options?: Outer<ComposedHeadOptions>) => Promise<boolean>;

  /** Removes an object. A missing object is a success. */
  readonly delete: (key: string, options?: Outer<DeleteOptions>) => Promise<void>;

  /** Duplicates an object with its headers and metadata. The copy is made inside the provider if it can do that. */
  readonly copy: (from: string, to: string, options?: StorageCopyOptions) => Promise<ObjectInfo>;

  /**
   * Gives an object another key, with its headers and metadata. A provider that can move does it in one step. Otherwise the
   * object is copied and then deleted, which is not atomic: when the delete fails both objects are there, and the error says so.
   */
  readonly move: (from: string, to: string, options?: StorageCopyOptions) => Promise<ObjectInfo>;

  /**
   * Lists every object, in UTF-8 byte order of the keys if the provider has `orderedList`. Pages are fetched as they are needed.
   */
  readonly list: (options?: Omit<StorageListOptions, "delimiter">) => AsyncIterable<ObjectInfo>;

  /** Returns one page of objects and common prefixes. */
  readonly listPage: (options?: StorageListOptions) => Promise<ListPage>;

  /**
   * Writes an object to a file that appears whole. Several parts of an object larger than 16 MiB are read at once. An interrupted
   * transfer is resumed by range. When the object has changed meanwhile, the transfer begins anew.
   */
  readonly download: (key: string, path: string, options?: DownloadOptions) => Promise<ObjectInfo>;

  /** Puts many objects, several at once. The call never rejects for an item: every item has a result, in order. */
  readonly putMany: (
    items: Iterable<PutManyItem> | AsyncIterable<PutManyItem>,
    options?: PutManyOptions,
  ) => Promise<readonly PutManyResult[]>;

  /** Deletes many objects. The call never rejects for a key: failures are in the result. */
  readonly deleteMany: (
    keys: Iterable<string> | AsyncIterable<string>,
    options?: Outer<CallOptions>,
  ) => Promise<DeleteManyResult>;

  /**
   * Deletes everything under a folder.
   *
   * @param prefix - The prefix of the folder. It ends with `/`, so that `users/1/` never includes `users/10`.
   */
  readonly deletePrefix: (prefix: string, options?: Outer<CallOptions>) => Promise<DeleteManyResult>;

  /** Puts every file of a folder under a prefix. Playlists of HLS and DASH are put after the files they refer to. */
  readonly putDirectory: (
    directory: string,
    prefix: string,
    options?: PutDirectoryOptions,
  ) => Promise<readonly ObjectInfo[]>;

  /**
   * Returns the member that a ref, an old URL or a path points to, and the key there; `undefined` when it points to no member.
   */
  readonly locate: (text: string) => Located | undefined;

  /** Returns the object under a ref. @throws StorageError `InvalidArgument` when no member owns the ref. */
  readonly at: (ref: string) => StoredAt;

  /**
   * Returns a permanent link that works for everybody. A composer returns a promise of the link, because it asks its members
   * where the object is.
   *
   * @throws StorageError `Unsupported` when the provider knows no address that everybody can read.
   */
  readonly publicUrl: (key: string, options?: Outer<CallOptions>) => string | Promise<string>;

  /**
   * Makes a link for reading that expires.
   *
   * @throws StorageError `InvalidArgument`; `Unsupported`.
   */
  readonly signedUrl: (key: string, options?: Outer<SignedUrlOptions>) => Promise<string>;

  /**
   * Makes a request with which a client uploads by itself. The signature binds the type (default: that of the key's extension)
   * and the length. When a provider cannot bind one of them, it reports an event `"ignored"`.
   *
   * @throws StorageError `InvalidArgument`, also when neither `contentLength` nor `maxBytes` is given; `Unsupported`.
   */
  readonly signUpload: (key: string, options?: Outer<SignUploadOptions>) => Promise<SignedUpload>;

  /** Uploads in parts, which clients send by themselves; `undefined` when the provider has no such uploads. */
  readonly multipart: StorageMultipart | undefined;

  /**
   * Returns the facts of an object that a client has uploaded with {@link FileStorage.signUpload}. A composer with a journal also
   * gives the object a version and copies it to its other members.
   *
   * @throws StorageError `NotFound` when nothing was uploaded.
   */
  readonly finalize: (key: string, options?: Outer<ComposedHeadOptions>) => Promise<ObjectInfo>;

  /** Makes the provider itself fetch a URL and store the answer. @throws StorageError `Unsupported`. */
  readonly importFrom: (key: string, url: string, options?: Outer<PutOptions>) => Promise<ObjectInfo>;

  /**
   * Compares the stored objects with those that should be stored, and reports which are missing, extra, different or
   * unverifiable.
   *
   * A composer with a journal asks every member for every object. Each object takes one request to each member, and with `deep` a
   * further one that reads the bytes. The composer notes its findings, and repair puts them right. Any other storage has no
   * second copy to compare with. Its objects are listed. With `deep` each object is read, and its bytes are compared with its own
   * SHA-256, if that is known.
   *
   * @param prefix - The prefix of the keys to verify.
   * @throws StorageError `Unavailable` when a member cannot be listed; `InvalidKey` for a prefix that breaks the rules.
   */
  readonly verify: (prefix?: string, options?: VerifyOptions) => Promise<VerifyReport>;

  /** Returns a description of the storage: its parts and its promises. */
  readonly describe: () => Description;

  /**
   * Starts repair in this process. From now on it does the work that composers with a journal have left to do: it makes missing
   * copies, finishes deletes that were not confirmed, and settles writes whose outcome is unknown. It also removes expired
   * objects. Any number of processes may run repair. `close` stops it.
   *
   * @throws StorageError `Unsupported` when the storage has no composer with a journal and no rules for expiry.
   */
  readonly startRepair: (options?: RepairOptions) => RepairWorker;

  /**
   * Returns the state of the storage for a health check. It asks every member, and writes to every journal. The call never
   * rejects because of a finding.
   */
  readonly health: () => Promise<Health>;

  /**
   * Closes the storage. Lets the calls under way finish, aborts those that are still open after `graceMs` (default 10,000), and
   * releases every handle. Later calls reject with `Unavailable`.
   */
  readonly close: (options?: { readonly graceMs?: number | undefined }) => Promise<void>;
}
