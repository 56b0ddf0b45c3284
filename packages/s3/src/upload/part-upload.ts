import {
  nextTurn,
  StorageError,
  isStorageError,
  linkedController,
  withErrorFacts,
  withTries,
} from "@stowage/core/provider";
import type { PartAnswer, S3Call, UploadId } from "../server/client.js";
import { beginUpload } from "./begin.js";
import { abandon, isUploadGone } from "./created-upload.js";
import { completeUpload } from "./complete.js";
import { createBuffers, PARTS_MAX } from "./parts.js";
import { createProgress } from "./progress.js";
import { ask, type Store } from "../store.js";
import { writeTags } from "./tags.js";
import type { Write, Upload, Sent } from "./write.js";

interface UploadShape {
  readonly size: number | undefined;
  readonly partSizeBytes: number;
  /** True to leave the parts on the server if the upload fails, so that it can be continued later. */
  readonly keeps?: boolean;
}

/**
 * Runs an upload. If the upload fails, removes its parts from the server before the failure is reported, unless the
 * parts are kept for later.
 */
export async function uploading(
  store: Store,
  write: Write,
  { size: total, partSizeBytes, keeps = false }: UploadShape,
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
    progress: createProgress(write.options, total),
    running: new Set(),
    parts: [],
    uploadId: undefined,
    file: undefined,
    loaded: 0,
    isCutOff: false,
    keeps,
  };
  try {
    return await run(upload);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(upload.running);
    if (!upload.keeps) await abandon(upload, { isMoving: upload.isCutOff });
    throw stop.signal.reason;
  } finally {
    if (upload.uploadId !== undefined) store.uploads.delete(upload.uploadId);
    unlink();
    await upload.file?.then(
      (file) => file.close(),
      () => {},
    );
  }
}

/** One part of an upload. Its bytes are sent, or copied inside the server. */
export interface Part {
  /** The length in bytes. */
  readonly length: number;
  /** The number of the part, from 1. Default: the next number. */
  readonly number?: number | undefined;
  /** Sends the part to the server, or lets the server copy it. */
  readonly send: (place: PartPlace, call: PartCall) => Promise<PartAnswer>;
  /** Called when the part has been sent, or has failed. */
  readonly release?: (() => void) | undefined;
}

interface PartCall extends S3Call {
  readonly signal: AbortSignal;
}

interface PartPlace extends UploadId {
  readonly partNumber: number;
}

/** Makes a part from bytes in memory. If `read` is given, the bytes are in memory only after `read` has ended. */
export function partOf(
  { store, buffers }: Upload,
  body: Uint8Array,
  read?: (signal: AbortSignal) => Promise<void>,
): Part {
  let reading: Promise<void> | undefined;
  return {
    length: body.byteLength,
    send: async (place, call) => {
      await (reading ??= read?.(call.signal));
      return await store.client.uploadPart({ ...place, body }, call);
    },
    release: () => buffers.give(body),
  };
}

const PENDING: PartAnswer = { etag: "" };

/** Begins to send a part as soon as the number of parts under way is below the limit. */
export async function startPart(upload: Upload, part: Part): Promise<void> {
  const { store, running, stop, parts } = upload;
  if (upload.uploadId === undefined) await beginUpload(upload);
  while (running.size >= store.concurrency) {
    await Promise.race(running);
    // A part has arrived. Its connection becomes free in the next turn of the event loop. If the next part were sent
    // now, a new connection would be opened.
    await nextTurn();
  }
  stop.signal.throwIfAborted();
  const partNumber = part.number ?? parts.push(PENDING);
  if (partNumber > PARTS_MAX) throw tooManyParts(upload);
  track(
    upload,
    sendPart(upload, partNumber, part).finally(() => part.release?.()),
  ).catch(() => {});
}

/**
 * Counts a request as under way until the request has settled. A failed upload waits for its requests under way. If the
 * request fails, the upload ends.
 */
export async function track<T>({ running, stop }: Upload, request: Promise<T>): Promise<T> {
  const settled = request.then(
    () => void running.delete(settled),
    (error: unknown) => {
      stop.abort(error);
      running.delete(settled);
    },
  );
  running.add(settled);
  return await request;
}

/** Sends one part, several times if necessary, and remembers the answer. */
export async function sendPart(
  upload: Upload,
  partNumber: number,
  { send, length }: Part,
): Promise<PartAnswer> {
  const { store, write, stop, progress, uploadId = "" } = upload;
  const { key, operation, options } = write;
  const { signal } = stop;
  const attempted = { operation, key, signal, action: "s3:PutObject" } as const;
  const place = { key, uploadId, partNumber };
  const call = { signal, onSent: (bytes: number) => progress.sent(partNumber, bytes) };
  let gone: StorageError | undefined;
  const trying = withTries(
    signal,
    async () => {
      try {
        return await ask(store, attempted, () => send(place, call));
      } catch (error) {
        // A part may still arrive if its request was cut off or got no answer.
        upload.isCutOff ||= !isStorageError(error) || error.status === undefined || error.status >= 500;
        if (!isUploadGone(error)) throw error;
        // A retry of this part is useless, because the upload is gone. The whole upload has to begin again.
        gone = error;
        throw withErrorFacts(error, { retryable: false });
      }
    },
    { tries: options.tries, onPause: progress.alive },
  );
  const answer = await trying.catch((error: unknown) => {
    throw gone ?? error;
  });
  upload.parts[partNumber - 1] = answer;
  upload.loaded += length;
  progress.arrived(partNumber, length);
  return answer;
}

/** Waits for the parts, and turns them into an object. */
export async function finishParts(upload: Upload): Promise<Sent> {
  await Promise.all(upload.running);
  const { store, write, stop } = upload;
  stop.signal.throwIfAborted();
  const answer = await completeUpload(upload);
  await tagAgain(store, write.key, stop.signal);
  return { answer, size: upload.loaded };
}

/** Writes the tags of an object again, for servers that drop the tags given when an upload begins. */
export async function tagAgain(store: Store, key: string, signal: AbortSignal | undefined): Promise<void> {
  const { tags } = store.objects;
  if (tags === undefined || store.dialect.tagsOfUploads) return;
  try {
    await withTries(signal, () => writeTags(store, { key, tags }, signal));
  } catch (error) {
    // The object exists, but without its tags.
    throw isStorageError(error) ? withErrorFacts(error, { applied: "yes" }) : error;
  }
}

function tooManyParts({ store, write, partSizeBytes }: Upload): StorageError {
  const reason = `the body has more than ${PARTS_MAX} parts of ${partSizeBytes} bytes: declare its size, or raise partSizeBytes`;
  return new StorageError("TooLarge", reason, {
    operation: write.operation,
    provider: store.name,
    key: write.key,
  });
}
