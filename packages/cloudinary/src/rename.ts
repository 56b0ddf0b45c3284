import type { CallOptions, ObjectInfo, StorageProvider } from "@stowage/core";
import { ask, infoOf, placeFor } from "./account.js";
import { typed } from "./content-type.js";
import { copyObject } from "./copy.js";
import { deleteObject } from "./delete.js";
import { OWN } from "./own-provider.js";

export interface RenameOptions extends CallOptions {
  /** Replaces the object that is under the new key; default false, and then it is `AlreadyExists`. */
  readonly overwrite?: boolean | undefined;
}

/**
 * Gives an object another key, with its facts, in one request where both keys are of one kind; else it is copied inside
 * Cloudinary, and then deleted.
 *
 * @param provider - As `cloudinary()` returned it.
 * @throws StorageError `NotFound`, `AlreadyExists`, `Unsupported`.
 */
export async function renameObject(
  provider: StorageProvider,
  from: string,
  to: string,
  { overwrite = false, signal }: RenameOptions = {},
): Promise<ObjectInfo> {
  const { account, keyPrefix } = OWN.require(provider, "renameObject");
  signal?.throwIfAborted();
  const [source, target] = [keyPrefix + from, keyPrefix + to];
  const [before, after] = [placeFor(account, source, "move"), placeFor(account, target, "move")];
  if (before.resourceType !== after.resourceType) {
    const info = await copyObject(account, source, target, {
      signal,
      ifNoneMatch: overwrite ? undefined : "*",
    });
    await deleteObject(account, source, { signal });
    return { ...info, key: to };
  }
  const { resourceType } = before;
  const request = { resourceType, from: before.publicId, to: after.publicId, overwrite };
  const attempted = { operation: "move", key: from, writes: true } as const;
  const asset = await ask(account, attempted, () => account.client.rename(request, { signal }));
  return { ...(await typed(infoOf(account, target, asset), asset)), key: to };
}
