import { Readable } from "node:stream";
import type { BodyInput, FileBody } from "@stowage/core";
import { mutant, storageMutant, type Mutant } from "../mutant.js";
import { facadePut, streamed } from "./breaks.js";

/** Makes a mutant with a facade that replaces one kind of body with another body. */
export function takes(
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

/** Returns the path of a body that `fromFile` made. Returns `undefined` for other bodies. */
export function filePath(body: BodyInput): string | undefined {
  const [symbol] = Object.getOwnPropertySymbols(Object(body));
  const value = symbol && (body as unknown as Record<symbol, unknown>)[symbol];
  return typeof value === "string" ? value : undefined;
}

export function isWeb(body: BodyInput): body is ReadableStream<Uint8Array> {
  return typeof (body as ReadableStream).getReader === "function";
}

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

export async function* withoutClosing(stream: Readable): AsyncGenerator<Uint8Array> {
  yield* stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

export const shorter = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.byteLength - 1);

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
    "stores the whole buffer behind a view",
    isView,
    (body: Uint8Array) => new Uint8Array(body.buffer),
  ),
  takes(
    "an ArrayBuffer can be stored",
    "calls String() on an ArrayBuffer",
    (body) => body instanceof ArrayBuffer,
    String,
  ),
  takes("a Blob can be stored", "calls String() on a Blob", (body) => body instanceof Blob, String),
  takes(
    "a Node stream can be stored",
    "stores only the first chunk of a Node stream",
    (body) => body instanceof Readable,
    firstChunk,
  ),
  takes("a Web stream can be stored", "calls String() on a Web stream", isWeb, String),
  takes(
    "an async iterable of bytes can be stored",
    "stores only the first chunk of an iterable",
    isIterable,
    firstChunk,
  ),
  takes("a Request can be stored", "calls String() on a Request", (body) => body instanceof Request, String),
  takes(
    "a function that returns bytes can be stored",
    "stores the source code of a function",
    (body) => typeof body === "function" && !isAsync(body),
    String,
  ),
  takes(
    "a function that returns a promise of a stream can be stored",
    "calls String() on a promise",
    isAsync,
    () => "[object Promise]",
  ),
  takes(
    "a file given by its path can be stored",
    "stores the path of a file",
    (body) => filePath(body) !== undefined,
    (body: FileBody) => filePath(body) ?? "",
  ),
  mutant(
    "a stream of very many small chunks can be stored",
    "stops reading a stream after many chunks",
    streamed((bytes) => (bytes.byteLength === 5000 ? bytes.subarray(0, 3000) : bytes)),
  ),
  mutant(
    "empty chunks in a stream change nothing",
    "treats an empty chunk as the end",
    streamed((bytes) => (bytes.byteLength === 200_002 ? bytes.subarray(0, 100_001) : bytes)),
  ),
  mutant(
    "a stream of the declared size can be stored",
    "loses the last byte of a stream with a declared size",
    streamed((bytes, { size }) => (size === 100_001 ? shorter(bytes) : bytes)),
  ),
  storageMutant(
    "a body of the wrong type is refused with TypeError, and nothing is written",
    "turns any value into text",
    facadePut((key, body, options) => {
      const known = typeof body === "string" || typeof body === "function" || ArrayBuffer.isView(body);
      return [
        key,
        known || Symbol.asyncIterator in Object(body) || body instanceof Blob ? body : "[object]",
        options,
      ];
    }),
  ),
  storageMutant(
    "a declared size that is negative or not a whole number is refused with TypeError",
    "ignores an invalid size",
    facadePut((key, body, options) => [
      key,
      body,
      Number.isSafeInteger(options?.size ?? 0) && (options?.size ?? 0) >= 0
        ? options
        : { ...options, size: undefined },
    ]),
  ),
  takes(
    "a stream that was already read is refused with SourceError, and no empty object is stored",
    "stores an empty object for a stream that was read",
    (body) => body instanceof Readable && body.readableDidRead,
    () => "",
  ),
];
