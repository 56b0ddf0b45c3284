import {
  StorageError,
  assertKey,
  isStorageError,
  knownNames,
  withErrorFacts,
  type CallOptions,
  type ObjectInfo,
  type StorageProvider,
} from "@stowage/core/provider";
import { ask, etagOf, placeFor, type Account } from "./account.js";
import { copyObject } from "./copy.js";
import { deleteObject } from "./delete.js";
import { findAsset, headObject } from "./head.js";
import { OWN } from "./own-provider.js";

/** The options of {@link renameObject}. */
export interface RenameOptions extends CallOptions {
  /**
   * Replaces an object that exists under the new key.
   *
   * @default false: the call fails with `AlreadyExists`
   */
  readonly overwrite?: boolean | undefined;
}

/**
 * Gives an object a new key. The object keeps its facts. If both keys have the same resource type, one request renames the
 * object. Otherwise Cloudinary copies the object, and the original is then deleted.
 *
 * @param provider - The provider as `cloudinary()` returned it.
 * @throws StorageError `NotFound`, `AlreadyExists`, `Unsupported`; `InvalidKey`.
 */
export async function renameObject(
  provider: StorageProvider,
  from: string,
  to: string,
  options: RenameOptions = {},
): Promise<ObjectInfo> {
  knownNames("renameObject", options, { overwrite: true, signal: true, onEvent: true });
  const { overwrite = false, signal } = options;
  const { account, keyPrefix } = OWN.require(provider, "renameObject");
  signal?.throwIfAborted();
  for (const key of [from, to]) assertKey(key, "move", account.name);
  const move: Move = { account, from: keyPrefix + from, to: keyPrefix + to, overwrite, signal };
  try {
    return {
      ...(from === to ? await headObject(account, move.to, { signal }) : await moveAsset(move)),
      key: to,
    };
  } catch (error) {
    if (isStorageError(error, "AlreadyExists")) {
      const reason = `${JSON.stringify(to)} already has an object: set overwrite: true to replace it`;
      throw new StorageError("AlreadyExists", reason, {
        operation: "move",
        provider: account.name,
        key: from,
      });
    }
    throw isStorageError(error) ? withErrorFacts(error, { operation: "move", key: from }) : error;
  }
}

interface Move {
  readonly account: Account;
  readonly from: string;
  readonly to: string;
  readonly overwrite: boolean;
  readonly signal: AbortSignal | undefined;
}

async function moveAsset(move: Move): Promise<ObjectInfo> {
  const { account, from, to, overwrite, signal } = move;
  const [before, after] = [placeFor(account, from, "move"), placeFor(account, to, "move")];
  if (before.resourceType !== after.resourceType) return await moveByCopy(move);
  const { resourceType } = before;
  const request = { resourceType, from: before.publicId, to: after.publicId, overwrite };
  const attempted = { operation: "move", key: from, writes: true } as const;
  await ask(account, attempted, () => account.client.rename(request, { signal }));
  // The answer to a renaming does not contain the context, which holds the facts.
  return await afterwards(() => headObject(account, to, { signal }));
}

async function moveByCopy({ account, from, to, overwrite, signal }: Move): Promise<ObjectInfo> {
  const ifNoneMatch = overwrite ? undefined : "*";
  const info = await copyObject(account, from, to, { signal, ifNoneMatch });
  await afterwards(async () => {
    const source = await findAsset(account, from, "move", signal);
    if (etagOf(source) === info.etag) return await deleteObject(account, from, { signal });
    const reason = "the object was replaced during the move: the new object and the copy both exist";
    throw new StorageError("PreconditionFailed", reason, {
      operation: "move",
      provider: account.name,
      key: from,
    });
  });
  return info;
}

/**
 * Runs a step that follows a change. If the step fails, the error says that the change was applied. It also says that the call
 * must not be retried, because the retry would do something different.
 */
async function afterwards<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw isStorageError(error)
      ? withErrorFacts(error, { operation: "move", applied: "yes", retryable: false })
      : error;
  }
}
