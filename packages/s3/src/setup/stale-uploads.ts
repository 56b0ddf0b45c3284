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
  /** The age at which uploads are removed, in hours. Younger uploads are kept, because they may still be under way. */
  readonly olderThanHours: number;
  /**
   * The text with which the keys of the uploads start.
   *
   * @default all keys
   */
  readonly prefix?: string | undefined;
  /**
   * True to return the uploads that would be removed, without removing them.
   *
   * @default false
   */
  readonly dryRun?: boolean | undefined;
}

/** An upload in parts that was never completed. */
export interface StaleUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly begunAt: Date;
  /** The reason why the upload is still there. */
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
 * Removes the parts of uploads that were never completed. Such parts cost money, and no listing shows them. Use this
 * call if the server has no lifecycle rule for such uploads, or for a single clean-up.
 *
 * @param provider - A provider that `s3()` returned.
 * @returns The uploads that were removed, or that would be removed. An upload with an `error` is still there.
 * @throws StorageError `InvalidArgument`; `PermissionDenied` without the permission to list uploads.
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
    throw refuse(own, `olderThanHours must be a number, at least 0, not ${String(olderThanHours)}`);
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
