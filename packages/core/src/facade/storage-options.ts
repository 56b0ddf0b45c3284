import type { BodyInput } from "../body/body.js";
import type {
  CallOptions,
  CopyOptions,
  GetOptions,
  ListOptions,
  PutOptions,
} from "../contract/call-options.js";
import type { ComposedHeadOptions } from "../contract/composed-provider.js";
import type { StorageEvent } from "../contract/event.js";
import type { ObjectInfo } from "../contract/object.js";
import type { DeleteFailure, SkippedKey } from "../contract/provider.js";
import type { Verified, VerifyFinding } from "../contract/upkeep.js";
import type { RetryOptions } from "../wrap/retry-options.js";
import type { TimeoutOptions } from "../wrap/timeout.js";

/** The options of {@link createStorage}. */
export interface StorageOptions {
  /**
   * The retries of a bare provider's calls; `false` means one try without retries. A composer has its own retries.
   *
   * @default the defaults of the options of `retry`
   */
  readonly retry?: RetryOptions | false | undefined;
  /**
   * The time limits of a bare provider's calls; `false` means no limits. A composer has its own limits.
   *
   * @default the defaults of the options of `timeout`
   */
  readonly timeouts?: TimeoutOptions | false | undefined;
  /**
   * The time to wait for the next bytes of a body that is being stored, in milliseconds; 0 means for ever.
   *
   * @default 30,000
   */
  readonly sourceIdleMs?: number | undefined;
  /**
   * The time that an opened object keeps its connection or file while it is not being read, in milliseconds; 0 means for ever. When
   * reading continues, the object is opened again at the same position, if the object has not changed.
   *
   * @default 30,000; 300,000 for a file on the local disk that has been read in part
   */
  readonly unreadMs?: number | undefined;
  /**
   * Receives an event for every call, retry and fallback. Errors from this function are ignored.
   *
   * @default none
   */
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
}

/** The options that every call takes. */
export interface TimedOptions {
  /**
   * The maximum total time of this call, in milliseconds. After that the call rejects with `Timeout`.
   *
   * @default no limit
   */
  readonly timeoutMs?: number | undefined;
}

/** The options that an application can set for a verb. The storage sets the other options. */
export type Outer<Options extends CallOptions> = Omit<Options, "onEvent" | "ref" | "beforeCommit"> &
  TimedOptions;

/** The options of {@link FileStorage.put}. */
export interface StoragePutOptions extends Outer<Omit<PutOptions, "writeId" | "tries">> {
  /**
   * The length in bytes, if it is known. A body with a different length is refused, and nothing is written.
   *
   * @default the length of the body, if it is known
   */
  readonly size?: number | undefined;
  /**
   * The maximum size of the body in bytes, for a body of unknown length. A longer body is refused with `TooLarge`, and nothing is
   * written.
   *
   * @default no limit
   */
  readonly maxBytes?: number | undefined;
  /**
   * A text of 1 to 200 characters that makes a repeated upload harmless. A put with the same key, idempotency key and
   * bytes returns the result of the first put. A put with different bytes rejects with `Conflict`. The body is read one
   * additional time to compute its digest. The bytes of a stream are kept for the put: the first 1 MiB in memory, the
   * rest in a temporary file.
   *
   * @default none
   */
  readonly idempotencyKey?: string | undefined;
}

/** The conditions of a read, for a caller that already has a copy. If both conditions are given, only `ifNoneMatch` counts. */
export interface ReadConditions {
  /**
   * The ETag of the caller's copy, or `"*"` for any ETag. The read rejects with `NotModified` if the object still has that ETag.
   *
   * @see https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
   * @default none
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * The time when the caller's copy was made. The read rejects with `NotModified` if the object has not been written after that
   * time. Times are compared in whole seconds, as in HTTP.
   *
   * @see https://www.rfc-editor.org/rfc/rfc9110#name-if-modified-since
   * @default none
   */
  readonly ifModifiedSince?: Date | undefined;
}

/** The options of {@link FileStorage.get}. */
export interface StorageGetOptions extends Outer<GetOptions>, ReadConditions {}

/** The options of {@link FileStorage.head}. */
export interface StorageHeadOptions extends Outer<ComposedHeadOptions>, ReadConditions {}

/** The options of {@link FileStorage.copy} and {@link FileStorage.move}. */
export interface StorageCopyOptions extends Outer<Omit<CopyOptions, "writeId" | "tries">> {}

/** The options of {@link FileStorage.list} and {@link FileStorage.listPage}. */
export interface StorageListOptions extends Outer<ListOptions> {}

/** The options of {@link FileStorage.download}. */
export interface DownloadOptions extends Outer<Pick<GetOptions, "signal" | "ifMatch">> {
  /**
   * The number of parts of a large object that are read at the same time; 1 reads the object in one piece.
   *
   * @default 8
   */
  readonly concurrency?: number | undefined;
  /**
   * Called with the number of bytes that have arrived so far.
   *
   * @default none
   */
  readonly onProgress?: PutOptions["onProgress"];
}

/** One object for {@link FileStorage.putMany}: the key, the body, and the options of the put. */
export interface PutManyItem extends Omit<StoragePutOptions, "signal"> {
  readonly key: string;
  readonly body: BodyInput;
}

/** The outcome of one put of {@link FileStorage.putMany}: the facts of the object, or the error. */
export type PutManyResult =
  | { readonly key: string; readonly info: ObjectInfo; readonly error?: undefined }
  | { readonly key: string; readonly info?: undefined; readonly error: unknown };

/** The options of {@link FileStorage.putMany}. */
export interface PutManyOptions extends Pick<CallOptions, "signal"> {
  /**
   * The number of puts that run at the same time.
   *
   * @default 4
   */
  readonly concurrency?: number | undefined;
  /**
   * The maximum size of each body in bytes, unless the item has its own `maxBytes`.
   *
   * @default no limit
   */
  readonly maxBytes?: number | undefined;
  /**
   * Receives each result as soon as it is known. Errors from this function are ignored.
   *
   * @default none
   */
  readonly onResult?: ((result: PutManyResult) => void) | undefined;
}

/** The options of {@link FileStorage.putDirectory}. */
export interface PutDirectoryOptions extends PutManyOptions {
  /**
   * Returns the options for the file with the given key: headers, metadata and conditions.
   *
   * @default none
   */
  readonly optionsFor?: ((key: string) => Omit<StoragePutOptions, "signal">) | undefined;
}

/** The outcome of deleting many keys. */
export interface DeleteManyResult {
  /** The number of keys that no longer exist, including keys that were missing before. */
  readonly deleted: number;
  readonly errors: readonly DeleteFailure[];
  /**
   * The keys under the prefix that break the rules, such as `"videos//1.mp4"`. Other software has written them. No verb can reach
   * their objects, so these objects still exist.
   */
  readonly skipped?: readonly SkippedKey[] | undefined;
}

/** The options of {@link FileStorage.verify}. */
export interface VerifyOptions extends Outer<CallOptions> {
  /**
   * With `true`, every copy is read, and its bytes are compared with the SHA-256 of the bytes that were put. Without `deep`, the
   * facts of the copies are compared, and bytes are read only if copies have different sizes.
   *
   * @default false
   */
  readonly deep?: boolean | undefined;
  /**
   * With `true`, a composer with a journal saves its findings, so that repair fixes them.
   *
   * @default true
   */
  readonly mend?: boolean | undefined;
  /**
   * Receives each finding as soon as it is known. Errors from this function are ignored.
   *
   * @default none
   */
  readonly onFinding?: ((finding: VerifyFinding) => void) | undefined;
}

/** The outcome of {@link FileStorage.verify}. */
export interface VerifyReport extends Verified {
  /** The number of `"missing"` findings. The next three fields count the findings of the other kinds. */
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly unverifiable: number;
  /** The first 1,000 findings; `onFinding` receives all of them. */
  readonly findings: readonly VerifyFinding[];
}

/** The options of {@link FileStorage.startRepair}. */
export interface RepairOptions {
  /**
   * The interval at which repair looks for work that other processes have left, in milliseconds.
   *
   * @default 5,000
   */
  readonly pollMs?: number | undefined;
}
