import { setImmediate } from "node:timers/promises";
import { StorageError, delay, isStorageError, withErrorFacts } from "@stowage/core";
import { assertEncrypted } from "./encrypted.js";
import type { Upload, Write } from "./part-upload.js";
import { ask, type Store } from "./store.js";
import { withTries } from "./tries.js";

/** How long a request may take that nobody may abort, because its answer is needed, in milliseconds. */
const UNABORTED_MS = 15_000;

/**
 * Begins an upload in parts. An abort has to wait for it: without its id nobody could remove it.
 *
 * @returns The id.
 */
export async function beginUpload(upload: Upload): Promise<string> {
  const { store, write, stop } = upload;
  const { key, fields } = write;
  stop.signal.throwIfAborted();
  assertConditions(store, write);
  const attempted = { operation: write.operation, key, action: "s3:PutObject", writes: true } as const;
  const created = await withTries(stop.signal, async () => {
    const signal = AbortSignal.timeout(UNABORTED_MS);
    try {
      return await ask(store, attempted, () => store.client.createUpload({ key, fields }, { signal }));
    } catch (error) {
      if (!isStorageError(error) || error.applied === "no") throw error;
      await removeNameless(store, write);
      throw withErrorFacts(error, { applied: "no" });
    }
  });
  const { uploadId } = created;
  store.uploads.add(uploadId);
  upload.uploadId = uploadId;
  await assertEncrypted(store, attempted, created, async () => {});
  // The connection of this request is free a turn later: the first part would open another.
  await setImmediate();
  return uploadId;
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

/** A condition that the server would ignore is refused before anything is sent. */
function assertConditions(
  { dialect, name: provider, partSizeBytes }: Store,
  { operation, key, conditions }: Write,
): void {
  if (dialect.conditionalComplete) return;
  if (conditions.ifMatch === undefined && conditions.ifNoneMatch === undefined) return;
  const reason = `the server keeps no condition for objects of more than one part of ${partSizeBytes} bytes`;
  throw new StorageError("Unsupported", reason, { operation, provider, key });
}
