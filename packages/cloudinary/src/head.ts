import { StorageError, type CallOptions, type ObjectInfo, type Operation } from "@stowage/core/provider";
import { ask, fits, type Account } from "./account.js";
import type { AssetAnswer } from "./client.js";
import { infoWithType } from "./content-type.js";

export async function headObject(
  account: Account,
  key: string,
  { signal }: CallOptions,
): Promise<ObjectInfo> {
  const asset = await findAsset(account, key, "head", signal);
  return await infoWithType(account, key, asset);
}

/**
 * Returns the facts of the asset under a key.
 *
 * @throws StorageError `NotFound`, also for a deleted asset that is kept only as a backup.
 */
export async function findAsset(
  account: Account,
  key: string,
  operation: Operation,
  signal: AbortSignal | undefined,
): Promise<AssetAnswer> {
  signal?.throwIfAborted();
  const place = account.mapping.placeOf(key);
  // If a key is too long, no object was ever stored under it.
  if (!fits(place)) throw missing(account, key, operation, "there is no such object");
  const attempted = { operation, key, writes: false };
  const asset = await ask(account, attempted, () => account.client.explicit(place, { signal }));
  if (!asset.isPlaceholder) return asset;
  const reason = "there is no such object: it was deleted, and only a backup is left";
  throw missing(account, key, operation, reason);
}

function missing(
  { name: provider }: Account,
  key: string,
  operation: Operation,
  reason: string,
): StorageError {
  return new StorageError("NotFound", reason, { operation, provider, key });
}
