import type { BodyInput } from "../body/body.js";
import type {
  CallOptions,
  CopyOptions,
  GetOptions,
  ListOptions,
  PutOptions,
} from "../contract/call-options.js";
import type { StorageEvent } from "../contract/event.js";
import type { ObjectInfo } from "../contract/object.js";
import type { DeleteFailure } from "../contract/provider.js";
import type { RetryOptions } from "../wrap/retry.js";
import type { TimeoutOptions } from "../wrap/timeout.js";

export interface StorageOptions {
  /** How a bare provider's calls are tried again; `false` for one try. A composer has retries of its own. */
  readonly retry?: RetryOptions | false | undefined;
  /** When a bare provider's calls are given up; `false` for never. A composer has limits of its own. */
  readonly timeouts?: TimeoutOptions | false | undefined;
  /** How long a body that is being stored may give no bytes, in milliseconds; default 30,000, 0 for ever. */
  readonly sourceIdleMs?: number | undefined;
  /** Told of every call, retry and fallback. Errors it throws are dropped. */
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
}

/** What every call takes. */
export interface TimedOptions {
  /** The most this call may take in all, in milliseconds; absent for no limit. Then `Timeout`. */
  readonly timeoutMs?: number | undefined;
}

/** The options of a verb as an application gives them: the storage fills in the rest. */
export type Outer<Options extends CallOptions> = Omit<Options, "onEvent" | "ref"> & TimedOptions;

export interface StoragePutOptions extends Outer<Omit<PutOptions, "writeId">> {
  /** The length in bytes, when it is known: a body of another length is refused and nothing written. */
  readonly size?: number | undefined;
  /**
   * Makes a repeated upload one object: a put of the same key, idempotency key and bytes returns what the
   * first returned; other bytes are a `Conflict`. The body is read once more for its digest; a stream is
   * kept in a temporary file for that. 1 to 200 characters.
   */
  readonly idempotencyKey?: string | undefined;
}

export interface StorageCopyOptions extends Outer<Omit<CopyOptions, "writeId">> {}

export interface StorageListOptions extends Outer<ListOptions> {}

export interface DownloadOptions extends Outer<Pick<GetOptions, "signal" | "ifMatch">> {
  /** How many parts of a large object are read at once; default 8, 1 for none but the first. */
  readonly concurrency?: number | undefined;
  readonly onProgress?: PutOptions["onProgress"];
}

export interface PutManyItem extends Omit<StoragePutOptions, "signal"> {
  readonly key: string;
  readonly body: BodyInput;
}

export type PutManyResult =
  | { readonly key: string; readonly info: ObjectInfo; readonly error?: undefined }
  | { readonly key: string; readonly info?: undefined; readonly error: unknown };

export interface PutManyOptions extends Pick<CallOptions, "signal"> {
  /** How many puts run at once; default 4. */
  readonly concurrency?: number | undefined;
  /** Told of each result as it comes. */
  readonly onResult?: ((result: PutManyResult) => void) | undefined;
}

export interface PutDirectoryOptions extends PutManyOptions {
  /** Options for a file, by its key: headers, metadata, conditions. */
  readonly optionsFor?: ((key: string) => Omit<StoragePutOptions, "signal">) | undefined;
}

export interface DeleteManyResult {
  /** How many keys are gone now, those that were missing before included. */
  readonly deleted: number;
  readonly errors: readonly DeleteFailure[];
}

export interface RepairOptions {
  /** How often to look for what other processes have left, in milliseconds; default 5,000. */
  readonly pollMs?: number | undefined;
}
