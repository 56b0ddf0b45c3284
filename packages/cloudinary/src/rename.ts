import {
  StorageError,
  assertKey,
  type CallOptions,
  type ObjectInfo,
  type StorageProvider,
} from "@stowage/core";
import { ask, etagOf, placeFor, type Account } from "./account.js";
import { copyObject } from "./copy.js";
import { deleteObject } from "./delete.js";
import { findAsset, headObject } from "./head.js";
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
 * @throws StorageError `NotFound`, `AlreadyExists`, `Unsupported`; `InvalidKey`.
 */
export async function renameObject(
  provider: StorageProvider,
  from: string,
  to: string,
  { overwrite = false, signal }: RenameOptions = {},
): Promise<ObjectInfo> {
  const { account, keyPrefix } = OWN.require(provider, "renameObject");
  signal?.throwIfAborted();
  for (const key of [from, to]) assertKey(key, "move", account.name);
  const [source, target] = [keyPrefix + from, keyPrefix + to];
  const [before, after] = [placeFor(account, source, "move"), placeFor(account, target, "move")];
  if (before.resourceType !== after.resourceType) {
    return { ...(await moveByCopy(account, source, target, { overwrite, signal })), key: to };
  }
  const { resourceType } = before;
  const request = { resourceType, from: before.publicId, to: after.publicId, overwrite };
  const attempted = { operation: "move", key: from, writes: true } as const;
  await ask(account, attempted, () => account.client.rename(request, { signal }));
  // The answer to a renaming has no context, where the facts are.
  return { ...(await headObject(account, target, { signal })), key: to };
}

async function moveByCopy(
  account: Account,
  from: string,
  to: string,
  { overwrite, signal }: RenameOptions,
): Promise<ObjectInfo> {
  const info = await copyObject(account, from, to, {
    signal,
    ifNoneMatch: overwrite === true ? undefined : "*",
  });
  const source = await findAsset(account, from, "move", signal);
  if (etagOf(source) !== info.etag) {
    const reason = "the object was replaced while it was moved: both are there";
    throw new StorageError("PreconditionFailed", reason, {
      operation: "move",
      provider: account.name,
      key: from,
      applied: "yes",
    });
  }
  await deleteObject(account, from, { signal });
  return info;
}
