import { nextTurn, StorageError, withTries } from "@stowage/core/provider";
import { abandon, createOnServer } from "./created-upload.js";
import { assertEncrypted } from "./encrypted.js";
import { marked } from "../server/facts.js";
import type { Upload, Write } from "./write.js";
import type { Store } from "../store.js";

/**
 * Begins an upload in parts. If the upload is aborted, this call still waits for the answer of the server. Only the
 * answer contains the upload's id, and without the id the upload cannot be removed.
 *
 * @returns The id of the upload.
 */
export async function beginUpload(upload: Upload): Promise<string> {
  const { store, write, stop, progress } = upload;
  const { key } = write;
  // An encrypted object needs an id in its metadata, because its ETag does not show which write has made the object.
  const fields = marked(write.fields);
  upload.write = { ...write, fields };
  stop.signal.throwIfAborted();
  assertConditions(store, write);
  const attempted = { operation: write.operation, key, action: "s3:PutObject", writes: true } as const;
  const created = await withTries(stop.signal, () => createOnServer(store, attempted, { key, fields }), {
    tries: write.options.tries,
    onPause: progress.alive,
  });
  const { uploadId } = created;
  store.uploads.add(uploadId);
  upload.uploadId = uploadId;
  await assertEncrypted(store, attempted, created, () => abandon(upload));
  // The connection of this request becomes free in the next turn of the event loop. If the first part were sent now, a
  // second connection would be opened.
  await nextTurn();
  return uploadId;
}

/** Refuses a condition that the server would ignore, before anything is sent. */
function assertConditions(
  { dialect, name: provider, partSizeBytes }: Store,
  { operation, key, conditions }: Write,
): void {
  if (dialect.conditionalComplete) return;
  if (conditions.ifMatch === undefined && conditions.ifNoneMatch === undefined) return;
  const reason = `the server ignores conditions for objects larger than one part of ${partSizeBytes} bytes: put without a condition if each key is new`;
  throw new StorageError("Unsupported", reason, { operation, provider, key });
}
