import { delay, isStorageError, withErrorFacts, type StorageError } from "@stowage/core/provider";
import type { CreateUploadRequest, CreatedUpload, UploadId } from "../server/client.js";
import type { Upload, Write } from "./write.js";
import { ask, type Store } from "../store.js";

/** The time limit, in milliseconds, for a request whose answer is needed. The caller cannot abort such a request. */
const UNABORTED_MS = 15_000;

/**
 * Begins an upload on the server. The request cannot be aborted: the answer contains the upload's id, and without the
 * id the upload cannot be removed. If no answer comes, looks for uploads that the request may have begun, and removes
 * them.
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

/**
 * The maximum difference between the clocks of a client and a server, in milliseconds. S3 refuses requests with a
 * larger difference.
 */
const CLOCKS_APART_MS = 15 * 60_000;

/**
 * Removes the uploads that a request without an answer has begun. Such an upload has this key, was begun a short time
 * ago and has no parts. No other put of this provider uses the upload.
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

/**
 * Tells whether a failure means that an upload does not exist. Every 404 counts, because Ceph does not say what is missing. The
 * only exception is a missing bucket.
 */
export function isUploadGone(error: unknown): error is StorageError {
  return isStorageError(error) && error.status === 404 && error.code !== "Misconfigured";
}

const ABANDON_TRIES = 4;
const ABANDON_PAUSE_MS = 100;

/** The state of an upload that is being removed. */
interface Abandoning {
  /** True if a part may still arrive. */
  readonly isMoving?: boolean | undefined;
  /** True if the server has already confirmed a request to remove the upload. */
  readonly isAborted?: boolean | undefined;
}

/**
 * Removes an upload and its parts. A part that was under way may still arrive after the first request, so the request
 * is repeated until the upload is gone. Amazon confirms such requests for hours, even if the upload is gone. So a list
 * of the parts decides whether the upload is gone.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
 */
export async function abandon(
  {
    store,
    write,
    uploadId,
  }: Pick<Upload, "store" | "uploadId"> & { readonly write: Pick<Write, "key" | "operation"> },
  { isMoving = false, isAborted = false }: Abandoning = {},
): Promise<void> {
  if (uploadId === undefined) return;
  const { key, operation } = write;
  const upload = { key, uploadId };
  for (let round = 0; round < ABANDON_TRIES; round++) {
    const failed = round === 0 && isAborted ? undefined : await abortOnce(store, upload, operation);
    if (failed === undefined) {
      if (!isMoving || (await isEmpty(store, upload, operation, round))) return;
    } else if (isUploadGone(failed) || !isStorageError(failed) || !failed.retryable) return;
    await delay(ABANDON_PAUSE_MS * 2 ** round);
  }
}

async function abortOnce(store: Store, upload: UploadId, operation: Write["operation"]): Promise<unknown> {
  const attempted = { operation, key: upload.key, action: "s3:AbortMultipartUpload" } as const;
  const call = { signal: AbortSignal.timeout(UNABORTED_MS) };
  return await ask(store, attempted, () => store.client.abortUpload(upload, call)).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Tells whether an upload has no parts left. Some servers still list the upload itself for a moment, without parts. */
async function isEmpty(
  store: Store,
  upload: UploadId,
  operation: Write["operation"],
  round: number,
): Promise<boolean> {
  const attempted = { operation, key: upload.key, action: "s3:ListMultipartUploadParts" } as const;
  const call = { signal: AbortSignal.timeout(UNABORTED_MS) };
  return await ask(store, attempted, () => store.client.listParts(upload, call)).then(
    (parts) => parts.length === 0 && round > 0,
    (error: unknown) => isUploadGone(error),
  );
}
