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
   * How a bare provider's calls are tried again; `false` for one try. A composer has retries of its own.
   *
   * @default the defaults of the options of `retry`
   */
  readonly retry?: RetryOptions | false | undefined;
  /**
   * When a bare provider's calls are given up; `false` for never. A composer has limits of its own.
   *
   * @default the defaults of the options of `timeout`
   */
  readonly timeouts?: TimeoutOptions | false | undefined;
  /**
   * How long a body that is being stored may give no bytes, in milliseconds; 0 for ever.
   *
   * @default 30,000
   */
  readonly sourceIdleMs?: number | undefined;
  /**
   * How long an opened object keeps its connection or file while it is not being read, in milliseconds; 0 for ever. When reading
   * goes on, the object is opened again in the middle, if it is still the same.
   *
   * @default 30,000; 300,000 for a file of the local disk of which something was read
   */
  readonly unreadMs?: number | undefined;
  /**
   * Receives an event for every call, retry and fallback. Errors that this function throws are dropped.
   *
   * @default none
   */
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
}

/** The options that every call takes. */
export interface TimedOptions {
  /**
   * The longest that this call may take in all, in milliseconds. After that it rejects with `Timeout`.
   *
   * @default no limit
   */
  readonly timeoutMs?: number | undefined;
}

/** The options of a verb as an application gives them. The storage fills in the rest. */
export type Outer<Options extends CallOptions> = Omit<Options, "onEvent" | "ref" | "beforeCommit"> &
  TimedOptions;

/** The options of {@link FileStorage.put}. */
export interface StoragePutOptions extends Outer<Omit<PutOptions, "writeId" | "tries">> {
  /**
   * The length in bytes, when it is known. A body of another length is refused, and nothing is written.
   *
   * @default the length of the body, where it is known
   */
  readonly size?: number | undefined;
  /**
   * The most bytes that the body may have, for bodies whose length is not known before. A longer body is refused with `TooLarge`,
   * and nothing is written.
   *
   * @default no limit
   */
  readonly maxBytes?: number | undefined;
  /**
   * A text of 1 to 200 characters that makes repeated uploads one object. A put of the same key, idempotency key and bytes
   * returns the result of the first put. A put of other bytes rejects with `Conflict`. The body is read once more for its digest,
   * and a stream is kept for that: in memory up to 1 MiB, beyond that in a temporary file.
   *
   * @default none
   */
  readonly idempotencyKey?: string | undefined;
}

/** The conditions of a read, for a caller that has a copy already. When both are given, only `ifNoneMatch` counts. */
export interface ReadConditions {
  /**
   * The ETag of the caller's copy, or `"*"` for any. The read rejects with `NotModified` when the object still has that ETag.
   *
   * @see https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
   * @default none
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * The time when the caller's copy was made. The read rejects with `NotModified` when the object has not been written since.
   * Times are compared in whole seconds, as in HTTP.
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
   * The number of parts of a large object that are read at once; 1 reads the object in one piece.
   *
   * @default 8
   */
  readonly concurrency?: number | undefined;
  /**
   * Called with the number of bytes that have come so far.
   *
   * @default none
   */
  readonly onProgress?: PutOptions["onProgress"];
}

/** One object for {@link FileStorage.putMany}: its key, its body, and the options of its put. */
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
   * The number of puts that run at once.
   *
   * @default 4
   */
  readonly concurrency?: number | undefined;
  /**
   * The most bytes that each body may have, unless its item gives another number.
   *
   * @default no limit
   */
  readonly maxBytes?: number | undefined;
  /**
   * Receives each result as it comes. Errors that this function throws are dropped.
   *
   * @default none
   */
  readonly onResult?: ((result: PutManyResult) => void) | undefined;
}

/** The options of {@link FileStorage.putDirectory}. */
export interface PutDirectoryOptions extends PutManyOptions {
  /**
   * Returns the options for a file, by its key: headers, metadata, conditions.
   *
   * @default none
   */
  readonly optionsFor?: ((key: string) => Omit<StoragePutOptions, "signal">) | undefined;
}

/** The outcome of deleting many keys. */
export interface DeleteManyResult {
  /** The number of keys that are gone now, including those that were missing before. */
  readonly deleted: number;
  readonly errors: readonly DeleteFailure[];
  /**
   * The keys under the prefix that other software has put there and that break the rules, such as `"videos//1.mp4"`. No verb can
   * reach their objects, which are still there.
   */
  readonly skipped?: readonly SkippedKey[] | undefined;
}

/** The options of {@link FileStorage.verify}. */
export interface VerifyOptions extends Outer<CallOptions> {
  /**
   * True when every copy is to be read, and its bytes compared with the SHA-256 of the bytes that were put. Without `deep` the
   * facts of the copies are compared, and bytes are read only where copies have different sizes.
   *
   * @default false
   */
  readonly deep?: boolean | undefined;
  /**
   * True when a composer with a journal is to note its findings, so that repair puts them right.
   *
   * @default true
   */
  readonly mend?: boolean | undefined;
  /**
   * Receives each finding as it comes. Errors that this function throws are dropped.
   *
   * @default none
   */
  readonly onFinding?: ((finding: VerifyFinding) => void) | undefined;
}

/** The outcome of {@link FileStorage.verify}. */
export interface VerifyReport extends Verified {
  /** The number of findings of each kind: this one and the next three. */
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
   * How often repair looks for work that other processes have left, in milliseconds.
   *
   * @default 5,000
   */
  readonly pollMs?: number | undefined;
}
