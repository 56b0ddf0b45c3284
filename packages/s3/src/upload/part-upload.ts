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
  /** Leaves the parts on the server when it fails, for later. */
  readonly keeps?: boolean;
}

/** Runs an upload; what is left on the server when it fails is removed before anybody hears of it. */
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

/** One part, however its bytes get to the server. */
export interface Part {
  /** In bytes. */
  readonly length: number;
  /** From 1; default: the next. */
  readonly number?: number | undefined;
  /** Has the server take it. */
  readonly send: (place: PartPlace, call: PartCall) => Promise<PartAnswer>;
  /** Called when it has been sent, or has failed. */
  readonly release?: (() => void) | undefined;
}

interface PartCall extends S3Call {
  readonly signal: AbortSignal;
}

interface PartPlace extends UploadId {
  readonly partNumber: number;
}

/** A part whose bytes are in memory, or will be when `read` has ended. */
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

/** Begins to send the next part, as soon as there are not too many under way. */
export async function startPart(upload: Upload, part: Part): Promise<void> {
  const { store, running, stop, parts } = upload;
  if (upload.uploadId === undefined) await beginUpload(upload);
  while (running.size >= store.concurrency) {
    await Promise.race(running);
    // The connection of the part that has arrived is free a turn later: the next one would open another.
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

/** Counts a request as under way until it has settled: nothing may be left of it. Its failure ends the upload. */
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

/** Sends one part, several times if it must be, and remembers the answer. */
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
        // What is cut off, or got no answer, may still land.
        upload.isCutOff ||= !isStorageError(error) || error.status === undefined || error.status >= 500;
        if (!isUploadGone(error)) throw error;
        // No other try of a part finds its upload: it has to begin anew.
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

/** Waits for the parts, and makes them an object. */
export async function finishParts(upload: Upload): Promise<Sent> {
  await Promise.all(upload.running);
  const { store, write, stop } = upload;
  stop.signal.throwIfAborted();
  const answer = await completeUpload(upload);
  await tagAgain(store, write.key, stop.signal);
  return { answer, size: upload.loaded };
}

/** Some servers lose the tags that an upload was begun with. */
export async function tagAgain(store: Store, key: string, signal: AbortSignal | undefined): Promise<void> {
  const { tags } = store.objects;
  if (tags === undefined || store.dialect.tagsOfUploads) return;
  try {
    await withTries(signal, () => writeTags(store, { key, tags }, signal));
  } catch (error) {
    // The object is there, but for its tags.
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
