import { delay, isStorageError, withErrorFacts, withTries, type StorageError } from "@stowage/core/provider";
import type { NumberedPart, PartAnswer, WriteAnswer } from "../server/client.js";
import { bareEtag } from "../server/etag.js";
import { ask, writing } from "../store.js";
import { isUploadGone } from "./created-upload.js";
import { findOwn } from "./own-object.js";
import type { Upload } from "./write.js";

const ROUNDS = 3;
const PAUSE_MS = 200;

/** The fields of an upload that are needed to complete it. */
export interface Completion extends Pick<Upload, "store" | "write" | "uploadId" | "stop"> {
  /** The parts in order. A part without a number is numbered by its position. */
  readonly parts: readonly (PartAnswer & Partial<NumberedPart>)[];
}

/**
 * Turns the parts into an object. If the outcome is unknown, looks for the object, and completes the upload again if necessary.
 * A second completion of the same parts does no harm. After an attempt with an unknown outcome, a later refusal does not prove
 * that nothing was stored.
 */
export async function completeUpload(upload: Completion): Promise<WriteAnswer> {
  const { store, write, parts, stop } = upload;
  let isUnknown = false;
  for (let round = 1; ; round++) {
    try {
      return await withEtag(upload, await complete(upload));
    } catch (error) {
      if (!isStorageError(error)) throw error;
      isUnknown ||= error.applied === "unknown";
      if (!isUnknown && !isUploadGone(error)) throw error;
      const found = await findOwn(store, write, stop.signal, parts);
      if (found !== undefined) return found;
      if (!isUnknown) throw error;
      const isOver = round === ROUNDS || !isUnsure(error) || stop.signal.aborted;
      if (isOver) throw withErrorFacts(error, { applied: "unknown" });
      await delay(PAUSE_MS * 2 ** round, stop.signal);
    }
  }
}

/**
 * Tells whether a failed completion may still have taken effect: no answer came, the server had an internal error, or
 * the upload is gone. An upload that is gone may have been completed.
 */
function isUnsure(error: StorageError): boolean {
  return error.applied === "unknown" || isUploadGone(error);
}

async function complete({ store, write, uploadId = "", parts, stop }: Completion): Promise<WriteAnswer> {
  const { key, conditions, options } = write;
  const { signal } = stop;
  const numbered = parts.map((part, index) => ({ partNumber: index + 1, ...part }));
  const request = { key, uploadId, parts: numbered, ...conditions };
  let unsure: StorageError | undefined;
  const send = async (): Promise<WriteAnswer> => {
    try {
      return await ask(store, writing(write, signal), () =>
        store.client.completeUpload(request, { signal, beforeCommit: options.beforeCommit }),
      );
    } catch (error) {
      if (!isStorageError(error) || !isUnsure(error)) throw error;
      // The caller looks for the object before it completes the upload again.
      unsure = error;
      throw withErrorFacts(error, { retryable: false });
    }
  };
  try {
    return await withTries(signal, send, { tries: options.tries });
  } catch (error) {
    throw unsure ?? error;
  }
}

/** Adds the ETag to the answer of a completion if the server left it out, as Ceph 16 does. */
async function withEtag(
  { store, write, stop, parts }: Completion,
  answer: WriteAnswer,
): Promise<WriteAnswer> {
  if (bareEtag(answer.etag) !== undefined) return answer;
  return { ...answer, etag: (await findOwn(store, write, stop.signal, parts))?.etag };
}
