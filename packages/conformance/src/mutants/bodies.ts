import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import {
  isStorageError,
  toBody,
  type Body,
  type BodyInput,
  type PutOptions,
  type StorageError,
} from "@stowage/core";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import {
  bytesOf,
  collect,
  facade,
  facadePut,
  find,
  putBytes,
  recovering,
  streamed,
  verbs,
} from "./breaks.js";

/** A facade that takes one kind of body for something else. */
function takes(
  rule: string,
  name: string,
  is: (body: BodyInput) => boolean,
  change: (body: never) => BodyInput,
): Mutant {
  return storageMutant(
    rule,
    name,
    facadePut((key, body, options) => [key, is(body) ? change(body as never) : body, options]),
  );
}

const isWeb = (body: BodyInput): boolean => typeof (body as ReadableStream).getReader === "function";
const isIterable = (body: BodyInput): boolean =>
  typeof body === "object" && Symbol.asyncIterator in body && !(body instanceof Readable) && !isWeb(body);
const isWhole = (body: BodyInput): boolean =>
  body instanceof Uint8Array && body.byteLength === body.buffer.byteLength;
const isView = (body: BodyInput): boolean =>
  body instanceof Uint8Array && body.byteLength < body.buffer.byteLength;
const isAsync = (body: BodyInput): boolean =>
  typeof body === "function" && body.constructor.name === "AsyncFunction";

async function* firstChunk(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    yield chunk;
    return;
  }
}

async function* withoutClosing(stream: Readable): AsyncGenerator<Uint8Array> {
  yield* stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

const shorter = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.byteLength - 1);

export const bodyMutants: readonly Mutant[] = [
  takes(
    "a string can be stored",
    "writes strings as Latin-1",
    (body) => typeof body === "string",
    (body: string) => Buffer.from(body, "latin1"),
  ),
  takes("a Uint8Array can be stored", "loses the last byte of a whole buffer", isWhole, shorter),
  takes(
    "a view into a larger buffer can be stored",
    "stores all of the buffer behind a view",
    isView,
    (body: Uint8Array) => new Uint8Array(body.buffer),
  ),
  takes(
    "an ArrayBuffer can be stored",
    "stores the name of an ArrayBuffer",
    (body) => body instanceof ArrayBuffer,
    String,
  ),
  takes("a Blob can be stored", "stores the name of a Blob", (body) => body instanceof Blob, String),
  takes(
    "a Node stream can be stored",
    "stores the first chunk of a Node stream",
    (body) => body instanceof Readable,
    firstChunk,
  ),
  takes("a Web stream can be stored", "stores the name of a Web stream", isWeb, String),
  takes(
    "an async iterable of bytes can be stored",
    "stores the first chunk of an iterable",
    isIterable,
    firstChunk,
  ),
  takes("a Request can be stored", "stores the name of a Request", (body) => body instanceof Request, String),
  takes(
    "a function that returns bytes can be stored",
    "stores the text of a function",
    (body) => typeof body === "function" && !isAsync(body),
    String,
  ),
  takes(
    "a function that returns a promise of a stream can be stored",
    "stores the name of a promise",
    isAsync,
    () => "[object Promise]",
  ),
  takes(
    "a file given by its path can be stored",
    "stores the path of a file",
    (body) => "path" in Object(body),
    (body: { path: string }) => body.path,
  ),
  mutant(
    "a stream of very many small chunks can be stored",
    "gives a stream up after many chunks",
    streamed((bytes) => (bytes.byteLength === 5000 ? bytes.subarray(0, 3000) : bytes)),
  ),
  mutant(
    "empty chunks in a stream change nothing",
    "takes an empty chunk for the end",
    streamed((bytes) => (bytes.byteLength === 200_002 ? bytes.subarray(0, 100_001) : bytes)),
  ),
  mutant(
    "a stream of the declared size can be stored",
    "loses the last byte of a stream with a size",
    streamed((bytes, { size }) => (size === 100_001 ? shorter(bytes) : bytes)),
  ),
  storageMutant(
    "a body of a wrong type is a TypeError, and nothing is written",
    "makes text of anything",
    facadePut((key, body, options) => {
      const known = typeof body === "string" || typeof body === "function" || ArrayBuffer.isView(body);
      return [
        key,
        known || Symbol.asyncIterator in Object(body) || body instanceof Object.getPrototypeOf(Blob)
          ? body
          : String(body),
        options,
      ];
    }),
  ),
  storageMutant(
    "a declared size that is no whole number is a TypeError",
    "ignores a size that is none",
    facadePut((key, body, options) => [
      key,
      body,
      Number.isSafeInteger(options?.size ?? 0) && (options?.size ?? 0) >= 0
        ? options
        : { ...options, size: undefined },
    ]),
  ),
  takes(
    "a stream that was read before is a SourceError, not an empty object",
    "stores nothing for a stream that was read",
    (body) => body instanceof Readable && body.readableDidRead,
    () => "",
  ),
];

const BLOCKS = [
  ["64 KiB", 64 * 1024],
  ["256 KiB", 256 * 1024],
  ["1 MiB", 1024 * 1024],
  ["5 MiB", 5 * 1024 * 1024],
] as const;

export const sizeMutants: readonly Mutant[] = [
  mutant(
    "an object of zero bytes can be stored and read",
    "stores one byte for none",
    putBytes((bytes, body) => (body.bytes?.byteLength === 0 ? Uint8Array.of(0) : bytes)),
  ),
  mutant(
    "a stream that ends without a byte makes an empty object",
    "stores one byte for an empty stream",
    streamed((bytes) => (bytes.byteLength === 0 ? Uint8Array.of(0) : bytes)),
  ),
  mutant(
    "an object can be replaced by an empty one",
    "takes an empty body for nothing to do",
    verbs((inner) => ({
      put: async (key, body, options) => {
        const old = await find(inner, key);
        return body.size === 0 && old !== undefined ? old : await inner.put(key, body, options);
      },
    })),
  ),
  mutant(
    "an object of one byte can be stored and read",
    "takes one zero byte for none",
    putBytes((bytes) => (bytes.byteLength === 1 ? new Uint8Array(0) : bytes)),
  ),
  ...BLOCKS.flatMap(([name, block]) => [
    mutant(
      `objects one byte around ${name} are kept whole`,
      `loses a byte after ${name}`,
      putBytes((bytes, body) => (body.bytes?.byteLength === block + 1 ? shorter(bytes) : bytes)),
    ),
    mutant(
      `streams of unknown length, one byte around ${name}, are kept whole`,
      `loses a byte of a stream after ${name}`,
      streamed((bytes) => (bytes.byteLength === block + 1 ? shorter(bytes) : bytes)),
    ),
  ]),
];

interface Failure {
  readonly error: StorageError;
  readonly partial: Uint8Array;
  readonly body: Body;
}

/** Commits what has arrived when the source fails in a certain way. */
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

/** Deletes the object when a put of its key fails in a certain way. */
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

/** A key whose put has failed stays locked. */
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
    "a source that fails before its first byte is a SourceError with its own error as cause",
    "commits an empty object",
    commitsPartial(({ partial, error }) => partial.byteLength === 0 && error.cause !== undefined),
  ),
  mutant(
    "a source that fails in the middle is a SourceError, and nothing is written",
    "commits half an upload",
    commitsPartial(
      ({ partial, body, error }) =>
        partial.byteLength > 0 && body.size === undefined && error.cause !== undefined,
    ),
  ),
  mutant(
    "a source that fails after its last byte is a SourceError, and nothing is written",
    "commits when the count is right",
    commitsPartial(({ partial, body }) => partial.byteLength === body.size),
  ),
  mutant(
    "a failing source leaves the old object as it was",
    "removes the old object when the source fails",
    deletesOn((error) => error.cause !== undefined && isSource(error)),
  ),
  mutant(
    "after a source has failed the key can be written",
    "keeps a lock when the source fails",
    locksOn(isSource),
  ),
  mutant(
    "a body shorter than its declared size is a SourceError, and nothing is written",
    "commits short bodies",
    commitsPartial(({ error }) => error.reason.includes("ended after")),
  ),
  mutant(
    "a body longer than its declared size is a SourceError, and nothing is written",
    "cuts and commits long bodies",
    commitsPartial(({ error }) => error.reason.includes("longer than")),
  ),
  mutant(
    "a body of another size than declared leaves the old object as it was",
    "removes the old object when the size is wrong",
    deletesOn(isSize),
  ),
  storageMutant(
    "a declared size is checked against bytes too",
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
    "a stream that is closed before its end is a SourceError, and nothing is written",
    "takes a closed stream for a finished one",
    commitsPartial(({ error }) => error.reason.includes("closed before")),
  ),
  mutant(
    "a stream that gives something other than bytes is a SourceError, and nothing is written",
    "commits what came before something odd",
    commitsPartial(({ error }) => error.reason.includes("where bytes were expected")),
  ),
  storageMutant(
    "a function that throws is a SourceError with its error as cause",
    "stores nothing when a function throws",
    facade((storage) => ({
      put: async (key, body, options) =>
        storage.put(key, typeof body === "function" && body.name === "fail" ? "" : body, options),
    })),
  ),
  storageMutant(
    "a path without a file is a SourceError",
    "stores nothing for a missing file",
    facade((storage) => ({
      put: async (key, body, options) => {
        const path = (Object(body) as { path?: string }).path;
        const missing = path !== undefined && (await stat(path).catch(() => undefined)) === undefined;
        return await storage.put(key, missing ? "" : body, options);
      },
    })),
  ),
  takes(
    "a stream that is refused in the middle is closed",
    "leaves streams open",
    (body) => body instanceof Readable,
    withoutClosing,
  ),
  takes(
    "a stream whose put the provider refuses is closed",
    "leaves refused streams open",
    (body) => body instanceof Readable,
    withoutClosing,
  ),
];
