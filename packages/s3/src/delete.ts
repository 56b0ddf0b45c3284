import {
  isStorageError,
  type CallOptions,
  type DeleteFailure,
  type DeleteOptions,
} from "@stowage/core/provider";
import { S3FailureError } from "./server/client.js";
import { toS3Error } from "./server/errors.js";
import { ask, comparable, type Store } from "./store.js";

/**
 * The maximum number of keys in one request. @see
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
const KEYS_MAX = 1000;

const ACTION = "s3:DeleteObject";

export async function deleteObject(
  store: Store,
  key: string,
  { signal, ifMatch, beforeCommit }: DeleteOptions,
  versionId?: string,
): Promise<void> {
  const condition = "PreconditionFailed";
  const attempted = { operation: "delete", key, signal, action: ACTION, writes: true, condition } as const;
  try {
    await ask(store, attempted, () =>
      store.client.deleteObject(
        { key, versionId, ifMatch: comparable(store, ifMatch) },
        { signal, beforeCommit },
      ),
    );
  } catch (error) {
    if (!isStorageError(error, "NotFound")) throw error;
  }
}

/**
 * Deletes the objects of these keys, up to 1,000 keys in each request. Returns one failure for each key that could not
 * be deleted.
 */
export async function deleteObjects(
  store: Store,
  keys: readonly string[],
  { signal }: CallOptions,
): Promise<readonly DeleteFailure[]> {
  const failures: DeleteFailure[] = [];
  for (let done = 0; done < keys.length; done += KEYS_MAX) {
    const some = keys.slice(done, done + KEYS_MAX);
    failures.push(...(await deleteSome(store, some, signal)));
  }
  return failures;
}

async function deleteSome(
  store: Store,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly DeleteFailure[]> {
  const attempted = { operation: "deleteMany", signal, action: ACTION, writes: true } as const;
  const asked = ask(store, attempted, () => store.client.deleteObjects(keys, { signal }));
  const failed = await asked.catch((error: unknown) => {
    if (isStorageError(error, "Unsupported")) return undefined;
    throw error;
  });
  if (failed === undefined) return await deleteEach(store, keys, signal);
  return failed.flatMap(({ key, failure }) => {
    const { name: provider, bucket } = store;
    const context = { ...attempted, key, provider, bucket };
    const error = toS3Error(new S3FailureError(failure), context);
    return isStorageError(error, "NotFound") ? [] : [{ key, error }];
  });
}

/** Deletes the objects one by one, for a server without batch deletes. */
async function deleteEach(
  store: Store,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly DeleteFailure[]> {
  const failures: DeleteFailure[] = [];
  for (const key of keys) {
    await deleteObject(store, key, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      failures.push({ key, error });
    });
  }
  return failures;
}
