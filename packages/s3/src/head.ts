import { StorageError, isStorageError, type HeadOptions, type ObjectInfo } from "@stowage/core/provider";
import { ask, infoOf, type Store } from "./store.js";

/** How long a bucket that was seen is taken to be there, in milliseconds. */
const BUCKET_TRUST_MS = 60_000;

export async function headObject(
  store: Store,
  key: string,
  { signal }: HeadOptions,
  versionId?: string,
): Promise<ObjectInfo> {
  const attempted = { operation: "head", key, signal, action: "s3:GetObject" } as const;
  try {
    return infoOf(
      store,
      key,
      await ask(store, attempted, () => store.client.headObject({ key, versionId }, { signal })),
    );
  } catch (error) {
    throw await explainMissing(store, { operation: "head", key, signal, versionId }, error);
  }
}

/** A read that found nothing, or must not. */
interface Missed {
  readonly operation: "head" | "get";
  readonly key: string;
  readonly signal: AbortSignal | undefined;
  readonly versionId: string | undefined;
}

/**
 * What it means that an object is not there or forbidden. HEAD has no body to tell a missing object from a missing
 * bucket, or missing rights from wrong credentials; and who may list no more than a prefix is denied what is not
 * there. A listing of the key tells.
 *
 * @returns The error to throw.
 */
export async function explainMissing(store: Store, missed: Missed, error: unknown): Promise<unknown> {
  const { operation, key, signal, versionId } = missed;
  const isDenied = isStorageError(error, "PermissionDenied");
  const isAbsent = isStorageError(error, "NotFound") && operation === "head";
  if (!isDenied && !isAbsent) return error;
  if (isAbsent && performance.now() - store.bucketSeenAt < BUCKET_TRUST_MS) return error;
  const attempted = { operation, key, signal, action: "s3:ListBucket" } as const;
  try {
    const request = { prefix: key, limit: 1 };
    const { objects } = await ask(store, attempted, () => store.client.listObjects(request, { signal }));
    store.bucketSeenAt = performance.now();
    // The key itself comes first of those that begin with it.
    if (isAbsent || versionId !== undefined || objects[0]?.key === key) return error;
    const { status, requestId } = error;
    const { name: provider } = store;
    return new StorageError("NotFound", "there is no such object", {
      operation,
      provider,
      key,
      status,
      requestId,
    });
  } catch (failure) {
    return decides(failure, isAbsent) ? failure : error;
  }
}

/** Tells whether a listing that failed says more than the answer about the object. */
function decides(failure: unknown, isAbsent: boolean): boolean {
  // Without the right to list, the object is what cannot be found.
  if (isStorageError(failure, "PermissionDenied")) return false;
  const isMisconfigured = isStorageError(failure, "Misconfigured");
  // A mocked client that was given no answer to a listing: no server has said anything of the bucket.
  if (isMisconfigured && failure.status === undefined) return false;
  return isAbsent || isMisconfigured || isStorageError(failure, "Unauthenticated");
}
