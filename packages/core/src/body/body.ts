import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { cutStretch } from "./cut-stretch.js";
import { FlowedStream } from "./flowed-stream.js";
import { describeType } from "../contract/key.js";
import type { Body } from "../contract/provider.js";
import {
  PulledStream,
  sourceError,
  sourceRules,
  type ChunkSource,
  type SourceContext,
} from "./source-stream.js";
import { wholeNumber } from "../kit/options.js";

/** What may be stored, but for the function that returns one of these. */
export type BodyContent =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Readable
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | WebMessage
  | { readonly path: string };

/** A `Request` or `Response` of the Web: its body is stored, which may be none. */
export interface WebMessage {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly headers: Headers;
}

/**
 * What may be stored. Everything but a one-shot stream can be read again when a try fails; a function is
 * called once for each reading and must give the same bytes each time.
 */
export type BodyInput = BodyContent | (() => BodyContent | Promise<BodyContent>);

/** The options of {@link toBody}. */
export interface BodyOptions {
  /**
   * The length in bytes, when the caller knows it: a body of another length is refused.
   *
   * @default that of the input, where it is known
   */
  readonly size?: number | undefined;
  /**
   * The key that errors of the source carry.
   *
   * @default none
   */
  readonly key?: string | undefined;
  /**
   * The name that errors of the source carry.
   *
   * @default `"source"`
   */
  readonly provider?: string | undefined;
  /**
   * How long to wait for the next bytes of a stream, in milliseconds.
   *
   * @default 0: for ever
   */
  readonly idleMs?: number | undefined;
}

/** Files are read in blocks of this size: 2.5 times as fast as Node's 64 KiB. */
const FILE_BLOCK_BYTES = 1024 * 1024;

type Range = { readonly offset: number; readonly length: number };

/**
 * Makes a {@link Body} of any kind of input.
 *
 * @throws TypeError when it is of no accepted kind.
 * @throws StorageError `SourceError` when a file is missing, a stream was read before, or the declared size
 * is known to be wrong.
 */
export async function toBody(input: BodyInput, options: BodyOptions = {}): Promise<Body> {
  return await bodyOf(input, options);
}

/** As {@link toBody}; a promise only where the disk has to be asked. */
export function bodyOf(input: BodyInput, options: BodyOptions): Body | Promise<Body> {
  const { size } = options;
  if (size !== undefined) wholeNumber("a body", "size", size);
  const context = { key: options.key, provider: options.provider ?? "source", idleMs: options.idleMs };
  if (typeof input === "string") return bytesBody(stringBytes(input), size, context);
  if (input instanceof Uint8Array) return bytesBody(input, size, context);
  if (input instanceof ArrayBuffer) return bytesBody(new Uint8Array(input), size, context);
  if (input instanceof Blob) return blobBody(input, size, context);
  if (input instanceof Readable) return streamBody(input, size, context);
  if (typeof input === "function") return functionBody(input, size, context);
  if (isWebStream(input)) return webStreamBody(input, size, context);
  if (isAsyncIterable(input)) return iterableBody(input, size, context);
  if (isWebMessage(input)) return webMessageBody(input, size, context);
  if (isFile(input)) return fileBody(input.path, size, context);
  throw new TypeError(
    `A body is a string, bytes, a Blob, a stream, an async iterable, a Request, { path } or a function, not ${describeType(input)}`,
  );
}

/** Closes a stream that nobody is going to read: its put has failed. */
export function dropBody(input: BodyInput): void {
  if (input instanceof Readable) input.destroy();
  else if (isWebStream(input) && !input.locked) input.cancel().catch(() => {});
}

function stringBytes(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new TypeError("A body that is a string must be well-formed Unicode");
  return Buffer.from(text);
}

function isWebStream(input: unknown): input is ReadableStream<Uint8Array> {
  return typeof (input as ReadableStream | null)?.getReader === "function";
}

function isAsyncIterable(input: unknown): input is AsyncIterable<Uint8Array | string> {
  return typeof (input as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] === "function";
}

function isWebMessage(input: unknown): input is WebMessage {
  const { body, headers } = Object(input) as { body?: unknown; headers?: unknown };
  return headers instanceof Headers && (body === null || isWebStream(body));
}

function webMessageBody({ body }: WebMessage, size: number | undefined, context: SourceContext): Body {
  if (body === null) return bytesBody(new Uint8Array(0), size, context);
  return webStreamBody(body, size, context);
}

function isFile(input: unknown): input is { readonly path: string } {
  return typeof (input as { path?: unknown } | null)?.path === "string";
}

function assertSize(actual: number, declared: number | undefined, context: SourceContext): void {
  if (declared === undefined || declared === actual) return;
  throw sourceError(`the body is ${actual} bytes long, its declared size is ${declared}`, context);
}

export function bytesBody(bytes: Uint8Array, declared: number | undefined, context: SourceContext): Body {
  assertSize(bytes.byteLength, declared, context);
  return {
    size: bytes.byteLength,
    replayable: true,
    bytes,
    open: (range) => {
      const part = range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length);
      return Readable.from(part.byteLength === 0 ? [] : [part], { objectMode: false });
    },
  };
}

function blobBody(blob: Blob, declared: number | undefined, context: SourceContext): Body {
  assertSize(blob.size, declared, context);
  return {
    size: blob.size,
    replayable: true,
    open: (range) => {
      const part = range === undefined ? blob : blob.slice(range.offset, range.offset + range.length);
      return new PulledStream(pullWebStream(part.stream()), sourceRules(part.size, context));
    },
  };
}

/** An iterator over a web stream that is only locked when it is first asked. */
function pullWebStream(stream: ReadableStream<Uint8Array>): ChunkSource {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return {
    next: async () => {
      reader ??= stream.getReader();
      const { done, value } = await reader.read();
      if (!done) return { done: false, value };
      reader.releaseLock();
      return { done: true, value: undefined };
    },
    cancel: (reason) => {
      const cancelled = reader === undefined ? stream.cancel(reason) : reader.cancel(reason);
      cancelled.then(() => reader?.releaseLock()).catch(() => {});
    },
  };
}

async function fileBody(path: string, declared: number | undefined, context: SourceContext): Promise<Body> {
  const facts = await stat(path).catch((error: unknown) => {
    throw sourceError(`the file of the body cannot be read`, context, error);
  });
  if (!facts.isFile()) throw sourceError("the path of the body is not a file", context);
  assertSize(facts.size, declared, context);
  return {
    size: facts.size,
    replayable: true,
    path,
    open: (range) =>
      new FlowedStream(() => openFile(path, range), sourceRules(range?.length ?? facts.size, context)),
  };
}

function openFile(path: string, range: Range | undefined): Readable {
  if (range?.length === 0) return Readable.from([], { objectMode: false });
  const end = range === undefined ? undefined : range.offset + range.length - 1;
  return createReadStream(path, {
    highWaterMark: FILE_BLOCK_BYTES,
    start: range?.offset,
    ...(end === undefined ? {} : { end }),
  });
}

function functionBody(
  make: () => BodyContent | Promise<BodyContent>,
  size: number | undefined,
  context: SourceContext,
): Body {
  const open = async (): Promise<Readable> => {
    const content = await make();
    if (typeof content === "function")
      throw new TypeError("A body's function returns a body, not a function");
    return (await toBody(content, { ...context, size })).open();
  };
  return {
    size,
    replayable: true,
    open: (range) => {
      const whole = new FlowedStream(open, sourceRules(size, context));
      return range === undefined
        ? whole
        : new PulledStream(stretch(whole, range), sourceRules(range.length, context));
    },
  };
}

/** The part of a stream that lies in a range: what comes before is read and dropped. */
function stretch(stream: Readable, range: Range): ChunkSource {
  const chunks = cutStretch(stream, range);
  return { next: () => chunks.next(), cancel: () => void stream.destroy() };
}

/** A body that can be opened once. */
function onceBody(size: number | undefined, context: SourceContext, open: () => Readable): Body {
  let opened = false;
  return {
    size,
    replayable: false,
    open: (range) => {
      if (opened || range !== undefined) {
        const reason = opened ? "the body can be read only once" : "a stream cannot be read from an offset";
        throw sourceError(reason, context);
      }
      opened = true;
      return open();
    },
  };
}

export function streamBody(stream: Readable, size: number | undefined, context: SourceContext): Body {
  if (stream.readableDidRead || stream.destroyed) {
    if (stream.errored) throw sourceError("the source of the body failed", context, stream.errored);
    throw sourceError("the stream was read or closed before", context);
  }
  // Until the stream is opened nobody else listens, and an error without a listener ends the process.
  stream.on("error", () => {});
  return onceBody(size, context, () => new FlowedStream(() => stream, sourceRules(size, context)));
}

function webStreamBody(
  stream: ReadableStream<Uint8Array>,
  size: number | undefined,
  context: SourceContext,
): Body {
  if (stream.locked) throw sourceError("the stream is locked by another reader", context);
  return onceBody(size, context, () => new PulledStream(pullWebStream(stream), sourceRules(size, context)));
}

function iterableBody(
  iterable: AsyncIterable<Uint8Array | string>,
  size: number | undefined,
  context: SourceContext,
): Body {
  // A stream of another make: as with Node's own, nobody else listens before it is opened.
  if (isEmitter(iterable)) iterable.on("error", () => {});
  return onceBody(size, context, () => new PulledStream(pullIterable(iterable), sourceRules(size, context)));
}

function isEmitter(input: object): input is Pick<NodeJS.EventEmitter, "on"> {
  return typeof (input as { on?: unknown }).on === "function";
}

/** An iterator that is only asked for when bytes are. */
function pullIterable(iterable: AsyncIterable<Uint8Array | string>): ChunkSource {
  let iterator: AsyncIterator<Uint8Array | string> | undefined;
  const start = (): AsyncIterator<Uint8Array | string> => (iterator ??= iterable[Symbol.asyncIterator]());
  const stop = async (): Promise<void> => void (await start().return?.());
  return {
    next: async () => await start().next(),
    // `return` of a generator waits for the pending `next`; nobody else should.
    cancel: () => void stop().catch(() => {}),
  };
}
