import { StorageError, delay, isStorageError, linkedController, type PutOptions } from "@stowage/core";
import type { Conditions, ObjectFields, UploadId, WriteAnswer } from "./client.js";
import { completeUpload } from "./complete.js";
import { createBuffers, PARTS_MAX, type Buffers } from "./parts.js";
import { ask, type Store } from "./store.js";
import { withTries } from "./tries.js";

/** A write on its way: what all its requests share. */
export interface Write {
  readonly operation: "put" | "copy";
  readonly key: string;
  readonly fields: ObjectFields;
  readonly conditions: Conditions;
  readonly options: Pick<PutOptions, "signal" | "onProgress" | "ifNoneMatch">;
}

/** What a write came to. */
export interface Sent {
  readonly answer: WriteAnswer;
  /** In bytes. */
  readonly size: number;
}

/** One body that is being sent. */
export interface Upload {
  readonly store: Store;
  readonly write: Write;
  /** Aborted by the caller, and by the first failure: every request and the source end with it. */
  readonly stop: AbortController;
  readonly buffers: Buffers;
  readonly partSizeBytes: number;
  readonly total: number | undefined;
  readonly running: Set<Promise<void>>;
  readonly etags: string[];
  /** Present when the body goes in parts. */
  uploadId: string | undefined;
  size: number;
  loaded: number;
}

/** Runs an upload; what is left on the server when it fails is removed before anybody hears of it. */
export async function uploading(
  store: Store,
  write: Write,
  { size: total, partSizeBytes }: { readonly size: number | undefined; readonly partSizeBytes: number },
  run: (upload: Upload) => Promise<Sent>,
): Promise<Sent> {
  const { controller: stop, unlink } = linkedController(write.options.signal);
  const upload: Upload = {
    store,
    write,
    stop,
    partSizeBytes,
    total,
    buffers: createBuffers(partSizeBytes),
    running: new Set(),
    etags: [],
    uploadId: undefined,
    size: 0,
    loaded: 0,
  };
  try {
    return await run(upload);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(upload.running);
    await abandon(upload);
    throw stop.signal.reason;
  } finally {
    unlink();
  }
}

/** One part, however its bytes get to the server. */
export interface Part {
  /** In bytes. */
  readonly length: number;
  /** Has the server take it. @returns Its ETag. */
  readonly send: (place: PartPlace, signal: AbortSignal) => Promise<string>;
  /** Called when it has been sent, or has failed. */
  readonly release?: (() => void) | undefined;
}

interface PartPlace extends UploadId {
  readonly partNumber: number;
}

/** Begins to send the next part, as soon as there are not too many under way. */
export async function startPart(upload: Upload, part: Part): Promise<void> {
  const { store, running, stop, etags } = upload;
  upload.uploadId ??= await createUpload(upload);
  while (running.size >= store.concurrency) await Promise.race(running);
  stop.signal.throwIfAborted();
  const partNumber = etags.push("");
  if (partNumber > PARTS_MAX) throw tooManyParts(upload);
  upload.size += part.length;
  const sent = sendPart(upload, partNumber, part)
    .catch((error: unknown) => stop.abort(error))
    .finally(() => {
      running.delete(sent);
      part.release?.();
    });
  running.add(sent);
}

/** Sends one part, several times if it must be, and remembers its ETag. */
async function sendPart(upload: Upload, partNumber: number, { send, length }: Part): Promise<void> {
  const { store, write, stop, uploadId = "" } = upload;
  const { key, operation } = write;
  const { signal } = stop;
  const attempted = { operation, key, signal, action: "s3:PutObject" } as const;
  const place = { key, uploadId, partNumber };
  upload.etags[partNumber - 1] = await withTries(signal, () =>
    ask(store, attempted, () => send(place, signal)),
  );
  upload.loaded += length;
  write.options.onProgress?.({ loaded: upload.loaded, total: upload.total });
}

/** Waits for the parts, and makes them an object. */
export async function finishParts(upload: Upload): Promise<Sent> {
  await Promise.all(upload.running);
  upload.stop.signal.throwIfAborted();
  return { answer: await completeUpload(upload), size: upload.size };
}

/** How long a request may take that nobody may abort, because its answer is needed, in milliseconds. */
const UNABORTED_MS = 15_000;

/** Begins an upload. An abort has to wait for it: without its id nobody could remove it. */
async function createUpload({ store, write, stop }: Upload): Promise<string> {
  const { key, fields } = write;
  stop.signal.throwIfAborted();
  assertConditions(store, write);
  const signal = AbortSignal.timeout(UNABORTED_MS);
  const attempted = { operation: write.operation, key, action: "s3:PutObject" } as const;
  return await ask(store, attempted, () => store.client.createUpload({ key, fields }, { signal }));
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

function tooManyParts({ store, write, partSizeBytes }: Upload): StorageError {
  const reason = `the body has more than ${PARTS_MAX} parts of ${partSizeBytes} bytes: declare its size, or raise partSizeBytes`;
  return new StorageError("TooLarge", reason, {
    operation: write.operation,
    provider: store.name,
    key: write.key,
  });
}

const ABANDON_TRIES = 5;
const ABANDON_PAUSE_MS = 100;

/**
 * Removes what was sent. A part that was under way may still land after the first request, so it is repeated
 * until the upload is gone.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
 */
async function abandon({ store, write, uploadId }: Upload): Promise<void> {
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
