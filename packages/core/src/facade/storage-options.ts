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
   * @default what each of its options says
   */
  readonly retry?: RetryOptions | false | undefined;
  /**
   * When a bare provider's calls are given up; `false` for never. A composer has limits of its own.
   *
   * @default what each of its options says
   */
  readonly timeouts?: TimeoutOptions | false | undefined;
  /**
   * How long a body that is being stored may give no bytes, in milliseconds; 0 for ever.
   *
   * @default 30,000
   */
  readonly sourceIdleMs?: number | undefined;
  /**
   * How long an object that was opened and that nobody reads keeps its connection or file, in milliseconds; 0 for ever. When
   * reading goes on it is opened again in the middle, if it is still the same.
   *
   * @default 30,000; 300,000 for a file of the local disk of which something was read
   */
  readonly unreadMs?: number | undefined;
  /**
   * Receives every call, retry and fallback. Errors that it throws are dropped.
   *
   * @default none
   */
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
}

/** What every call takes. */
export interface TimedOptions {
  /**
   * The most that this call may take in all, in milliseconds; then it is `Timeout`.
   *
   * @default no limit
   */
  readonly timeoutMs?: number | undefined;
}

/** The options of a verb as an application gives them: the storage fills in the rest. */
export type Outer<Options extends CallOptions> = Omit<Options, "onEvent" | "ref" | "beforeCommit"> &
  TimedOptions;

/** The options of {@link FileStorage.put}. */
export interface StoragePutOptions extends Outer<Omit<PutOptions, "writeId" | "tries">> {
  /**
   * The length in bytes, when it is known: a body of another length is refused and nothing written.
   *
   * @default that of the body, where it is known
   */
  readonly size?: number | undefined;
  /**
   * The most bytes that the body may have, for bodies whose length nobody knows: a longer one is `TooLarge`, and nothing
   * is written.
   *
   * @default no limit
   */
  readonly maxBytes?: number | undefined;
  /**
   * Makes a repeated upload one object: a put of the same key, idempotency key and bytes returns what the first
   * returned; other bytes are a `Conflict`. The body is read once more for its digest; a stream is kept in a
   * temporary file for that. 1 to 200 characters.
   *
   * @default none
   */
  readonly idempotencyKey?: string | undefined;
}

/** The copy that a caller of a read has already. Both together: only `ifNoneMatch` counts. */
export interface ReadConditions {
  /**
   * The ETag of the caller's copy, or `"*"` for any: `NotModified` when the object still has it.
   *
   * @see https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
   * @default none
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * When the caller's copy was made: `NotModified` when the object has not been written since. Compared in whole seconds, as
   * HTTP has them.
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
   * How many parts of a large object are read at once; 1 reads the object in one piece.
   *
   * @default 8
   */
  readonly concurrency?: number | undefined;
  /**
   * Called with the bytes that have come so far.
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
   * How many puts run at once.
   *
   * @default 4
   */
  readonly concurrency?: number | undefined;
  /**
   * The most bytes that each body may have, unless its item says another number.
   *
   * @default no limit
   */
  readonly maxBytes?: number | undefined;
  /**
   * Receives each result as it comes. Errors that it throws are dropped.
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
  /** How many keys are gone now, those that were missing before included. */
  readonly deleted: number;
  readonly errors: readonly DeleteFailure[];
  /**
   * What others have put under the prefix under keys that break the rules, such as `"videos//1.mp4"`: no verb can reach it,
   * and it is still there.
   */
  readonly skipped?: readonly SkippedKey[] | undefined;
}

/** The options of {@link FileStorage.verify}. */
export interface VerifyOptions extends Outer<CallOptions> {
  /**
   * Whether every copy is read, and its bytes are compared with the SHA-256 of what was put. Without `deep` the facts of the copies
   * are compared, and bytes are read only where copies have different sizes.
   *
   * @default false
   */
  readonly deep?: boolean | undefined;
  /**
   * Whether a composer with a journal notes what is found, so that repair puts it right.
   *
   * @default true
   */
  readonly mend?: boolean | undefined;
  /**
   * Receives each finding as it comes. Errors that it throws are dropped.
   *
   * @default none
   */
  readonly onFinding?: ((finding: VerifyFinding) => void) | undefined;
}

/** The outcome of {@link FileStorage.verify}. */
export interface VerifyReport extends Verified {
  /** How many findings there are of each kind. */
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly unverifiable: number;
  /** The first 1,000 findings; `onFinding` gets all. */
  readonly findings: readonly VerifyFinding[];
}

/** The options of {@link FileStorage.startRepair}. */
export interface RepairOptions {
  /**
   * How often repair looks for what other processes have left, in milliseconds.
   *
   * @default 5,000
   */
  readonly pollMs?: number | undefined;
}
