import {
  isStorageError,
  knownNames,
  oneOf,
  type CallOptions,
  type OptionNames,
  type StorageProvider,
} from "@stowage/core/provider";
import { ask } from "../store.js";
import { timedStore } from "../server/timed-client.js";
import { refuse, settingUp } from "./change.js";

/** The options of {@link abortStaleUploads}. */
export interface StaleUploadsOptions extends Pick<CallOptions, "signal"> {
  /** Younger uploads may be under way, and stay. */
  readonly olderThanHours: number;
  /**
   * Uploads of keys that start with it.
   *
   * @default all keys
   */
  readonly prefix?: string | undefined;
  /**
   * Says what would be removed, and removes nothing.
   *
   * @default false
   */
  readonly dryRun?: boolean | undefined;
}

/** An upload in parts that nobody has completed. */
export interface StaleUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly begunAt: Date;
  /** Why it is still there. */
  readonly error?: unknown;
}

const HOUR_MS = 60 * 60 * 1000;

const STALE_OPTIONS: OptionNames<StaleUploadsOptions> = {
  olderThanHours: true,
  prefix: true,
  dryRun: true,
  signal: true,
};

/**
 * Removes what is left of uploads in parts that nobody has completed: no listing shows it, and it is paid for. For
 * servers without a lifecycle rule for that, or for once.
 *
 * @param provider - As `s3()` returned it.
 * @returns The uploads that were removed, or would be; those with an `error` are still there.
 * @throws StorageError `InvalidArgument`; `PermissionDenied` without the right to list uploads.
 */
export async function abortStaleUploads(
  provider: StorageProvider,
  options: StaleUploadsOptions,
): Promise<readonly StaleUpload[]> {
  knownNames("abortStaleUploads", options, STALE_OPTIONS);
  oneOf("abortStaleUploads", "dryRun", options.dryRun, [undefined, true, false]);
  const { olderThanHours, prefix = "", dryRun = false, signal } = options;
  const own = settingUp(provider, "abortStaleUploads");
  if (typeof olderThanHours !== "number" || !(olderThanHours >= 0)) {
    throw refuse(own, `olderThanHours is a number, at least 0, not ${String(olderThanHours)}`);
  }
  const { setup, keyPrefix } = own;
  const store = timedStore(own.store);
  const listing = { operation: "list", signal, action: "s3:ListBucketMultipartUploads" } as const;
  const open = await ask(store, listing, () => setup.openUploads(keyPrefix + prefix, { signal }));
  const before = Date.now() - olderThanHours * HOUR_MS;
  const stale: StaleUpload[] = [];
  for (const { key, uploadId, begunAt } of open) {
    if (begunAt === undefined || begunAt.getTime() > before || store.uploads.has(uploadId)) continue;
    const outer = { key: key.slice(keyPrefix.length), uploadId, begunAt };
    const removing = {
      operation: "delete",
      key: outer.key,
      signal,
      action: "s3:AbortMultipartUpload",
    } as const;
    const error = dryRun
      ? undefined
      : await ask(store, removing, () => store.client.abortUpload({ key, uploadId }, { signal })).catch(
          (failure: unknown) => failure,
        );
    signal?.throwIfAborted();
    const isGone = isStorageError(error) && error.status === 404;
    stale.push(error === undefined || isGone ? outer : { ...outer, error });
  }
  return stale;
}
