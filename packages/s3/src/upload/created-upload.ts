import { delay, isStorageError, withErrorFacts, type StorageError } from "@stowage/core/provider";
import type { CreateUploadRequest, CreatedUpload } from "../server/client.js";
import type { Upload, Write } from "./write.js";
import { ask, type Store } from "../store.js";

/** How long a request may take that nobody may abort, because its answer is needed, in milliseconds. */
const UNABORTED_MS = 15_000;

/**
 * Has the server begin an upload. No abort reaches the request: without the id in its answer nobody could remove what
 * it has made. When no answer comes, what it may have made is looked for.
 */
export async function createOnServer(
  store: Store,
  { operation, key }: Pick<Write, "operation" | "key">,
  request: CreateUploadRequest,
): Promise<CreatedUpload> {
  const attempted = { operation, key, action: "s3:PutObject", writes: true } as const;
  const signal = AbortSignal.timeout(UNABORTED_MS);
  try {
    return await ask(store, attempted, () => store.client.createUpload(request, { signal }));
  } catch (error) {
    if (!isStorageError(error) || error.applied === "no") throw error;
    await removeNameless(store, { operation, key });
    throw withErrorFacts(error, { applied: "no" });
  }
}

/** Clocks of clients and servers may be that far apart, in milliseconds: S3 refuses requests of others. */
const CLOCKS_APART_MS = 15 * 60_000;

/**
 * Removes uploads that were begun although no answer has come: of this key, from a short time ago, without a part,
 * and of no put of this provider.
 */
async function removeNameless(store: Store, write: Pick<Write, "key" | "operation">): Promise<void> {
  const { key, operation } = write;
  const attempted = { operation, key, action: "s3:ListBucketMultipartUploads" } as const;
  const call = { signal: AbortSignal.timeout(UNABORTED_MS) };
  const begun = await ask(store, attempted, () => store.client.listUploads(key, call)).catch(() => []);
  for (const { uploadId, begunAt } of begun) {
    const isRecent = begunAt !== undefined && Date.now() - begunAt.getTime() < CLOCKS_APART_MS;
    if (!isRecent || store.uploads.has(uploadId)) continue;
    const parts = await ask(store, attempted, () => store.client.listParts({ key, uploadId }, call)).catch(
      () => undefined,
    );
    if (parts?.length === 0) await abandon({ store, write, uploadId });
  }
}

/** Whether a failure says that an upload is not there: Ceph does not say what it is that is missing. */
export function isUploadGone(error: unknown): error is StorageError {
  return isStorageError(error) && error.status === 404 && error.code !== "Misconfigured";
}

const ABANDON_TRIES = 5;
const ABANDON_PAUSE_MS = 100;

/**
 * Removes what was sent. A part that was under way may still land after the first request, so it is repeated
 * until the upload is gone.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
 */
export async function abandon({
  store,
  write,
  uploadId,
}: Pick<Upload, "store" | "uploadId"> & { readonly write: Pick<Write, "key" | "operation"> }): Promise<void> {
  if (uploadId === undefined) return;
  const { key } = write;
  const attempted = { operation: write.operation, key, action: "s3:AbortMultipartUpload" } as const;
  for (let round = 0; round < ABANDON_TRIES; round++) {
    const signal = AbortSignal.timeout(UNABORTED_MS);
    const failed = await ask(store, attempted, () =>
      store.client.abortUpload({ key, uploadId }, { signal }),
    ).catch((error: unknown) => error);
    if (isStorageError(failed) && failed.status === 404) return;
    await delay(ABANDON_PAUSE_MS * 2 ** round);
  }
}
