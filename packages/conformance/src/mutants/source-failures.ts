import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { isStorageError, type StorageError } from "@stowage/core";
import { toBody, type Body, type PutOptions } from "@stowage/core/provider";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { facade, facadePut, recovering, verbs } from "./breaks.js";
import { filePath, takes, withoutClosing } from "./bodies.js";

interface Failure {
  readonly error: StorageError;
  readonly partial: Uint8Array;
  readonly body: Body;
}

/** Stores the bytes that have arrived, if the source fails and `when` is true for the failure. */
function commitsPartial(when: (failure: Failure) => boolean): Break {
  return verbs((inner) => ({
    put: async (key, body, options) => {
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of opened(body, options)) chunks.push(Uint8Array.from(chunk));
      } catch (error) {
        const partial = Buffer.concat(chunks);
        if (!isStorageError(error, "SourceError") || !when({ error, partial, body })) throw error;
        await inner.put(key, await toBody(partial), options);
        throw error;
      }
      return await inner.put(key, await toBody(Buffer.concat(chunks)), options);
    },
  }));
}

async function* opened(body: Body, { signal }: PutOptions): AsyncGenerator<Uint8Array> {
  const stream = body.open();
  const abort = (): void => void stream.destroy();
  signal?.addEventListener("abort", abort);
  try {
    signal?.throwIfAborted();
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Deletes the object if a put of its key fails and `when` is true for the error. */
function deletesOn(when: (error: StorageError) => boolean): Break {
  return verbs((inner) => ({
    put: (key, body, options) =>
      recovering(
        () => inner.put(key, body, options),
        async (error) => {
          if (when(error)) await inner.delete(key, {});
          throw error;
        },
      ),
  }));
}

/** Locks a key for all later puts if a put of the key has failed and `when` is true for the error. */
export function locksOn(when: (error: unknown) => boolean): Break {
  return (inner) => {
    const locked = new Set<string>();
    const put: typeof inner.put = async (key, body, options) => {
      if (locked.has(key)) throw new Error("the key is locked");
      return await inner.put(key, body, options).catch((error: unknown) => {
        if (when(error)) locked.add(key);
        throw error;
      });
    };
    return { ...inner, put };
  };
}

const isSource = (error: unknown): boolean => isStorageError(error, "SourceError");
const isSize = ({ reason }: StorageError): boolean => reason.includes("declared size");

export const sourceFailureMutants: readonly Mutant[] = [
  mutant(
    "if a source fails before its first byte, the put rejects with SourceError, and the source's error is the cause",
    "commits an empty object",
    commitsPartial(({ partial, error }) => partial.byteLength === 0 && error.cause !== undefined),
  ),
  mutant(
    "if a source fails in the middle, the put rejects with SourceError, and nothing is written",
    "commits half an upload",
    commitsPartial(
      ({ partial, body, error }) =>
        partial.byteLength > 0 && body.size === undefined && error.cause !== undefined,
    ),
  ),
  mutant(
    "if a source fails after its last byte, the put rejects with SourceError, and nothing is written",
    "commits a failed source if the number of bytes is right",
    commitsPartial(({ partial, body }) => partial.byteLength === body.size),
  ),
  mutant(
    "a failing source leaves the old object unchanged",
    "removes the old object when the source fails",
    deletesOn((error) => error.cause !== undefined && isSource(error)),
  ),
  mutant(
    "the key can be written after a source has failed",
    "keeps a lock when the source fails",
    locksOn(isSource),
  ),
  mutant(
    "a body shorter than its declared size is refused with SourceError, and nothing is written",
    "commits short bodies",
    commitsPartial(({ error }) => error.reason.includes("ended after")),
  ),
  mutant(
    "a body longer than its declared size is refused with SourceError, and nothing is written",
    "cuts long bodies, and commits them",
    commitsPartial(({ error }) => error.reason.includes("longer than")),
  ),
  mutant(
    "a body with the wrong declared size leaves the old object unchanged",
    "removes the old object when the size is wrong",
    deletesOn(isSize),
  ),
  storageMutant(
    "the declared size is also checked for a body in memory",
    "ignores the size of text",
    facadePut((key, body, options) => [
      key,
      body,
      typeof body === "string" && Number.isSafeInteger(options?.size)
        ? { ...options, size: undefined }
        : options,
    ]),
  ),
  mutant(
    "a stream that is closed before its end is refused with SourceError, and nothing is written",
    "treats a closed stream as a finished stream",
    commitsPartial(({ error }) => error.reason.includes("closed before")),
  ),
  mutant(
    "a stream that gives something other than bytes is refused with SourceError, and nothing is written",
    "commits the bytes that came before an invalid chunk",
    commitsPartial(({ error }) => error.reason.includes("where bytes were expected")),
  ),
  storageMutant(
    "if a put calls a function and the function throws, the put rejects with SourceError, and the thrown error is the cause",
    "stores an empty object if a function throws",
    facade((storage) => ({
      put: async (key, body, options) =>
        storage.put(key, typeof body === "function" && body.name === "fail" ? "" : body, options),
    })),
  ),
  storageMutant(
    "a put of a missing file rejects with SourceError",
    "stores an empty object for a missing file",
    facade((storage) => ({
      put: async (key, body, options) => {
        const path = filePath(body);
        const missing = path !== undefined && (await stat(path).catch(() => undefined)) === undefined;
        return await storage.put(key, missing ? "" : body, options);
      },
    })),
  ),
  takes(
    "if a put is refused in the middle of a stream, the stream is closed",
    "leaves streams open",
    (body) => body instanceof Readable,
    withoutClosing,
  ),
  takes(
    "if the provider refuses a put, the stream is closed or can still be read whole",
    "leaves refused streams half-read",
    (body) => body instanceof Readable,
    (body: Readable) => {
      body.once("readable", () => void body.read(1));
      return withoutClosing(body);
    },
  ),
];
