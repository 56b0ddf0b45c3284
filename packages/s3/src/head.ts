import { isStorageError, type HeadOptions, type ObjectInfo } from "@stowage/core";
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
    const isVague = isStorageError(error, "NotFound") || isStorageError(error, "PermissionDenied");
    if (isVague) await explainHead(store, key, signal);
    throw error;
  }
}

/**
 * HEAD has no body to tell a missing object from a missing bucket, or missing rights from wrong credentials: a
 * listing does, whatever it may show.
 *
 * @throws StorageError `Misconfigured` or `Unauthenticated` when that is what is wrong.
 */
async function explainHead(store: Store, key: string, signal: AbortSignal | undefined): Promise<void> {
  if (performance.now() - store.bucketSeenAt < BUCKET_TRUST_MS) return;
  const attempted = { operation: "head", key, signal, action: "s3:ListBucket" } as const;
  const request = { prefix: key, limit: 1 };
  try {
    await ask(store, attempted, () => store.client.listObjects(request, { signal }));
  } catch (error) {
    // Without the right to list, the object is what cannot be found.
    if (!isStorageError(error, "PermissionDenied")) throw error;
  }
  store.bucketSeenAt = performance.now();
}
