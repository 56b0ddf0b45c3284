import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pathOf, type FileBody } from "./file-body.js";
import { FlowedStream, type FlowRules } from "./flowed-stream.js";
import {
  isBlob,
  isIterable,
  isRequest,
  isTransferred,
  isWebMessage,
  isWebStream,
  viewedBytes,
  type AnyIterable,
  type BlobLike,
  type WebMessage,
} from "./kinds.js";
import { letGo, releaseRequest } from "./let-go.js";
import { bytesStream, cutFrom, openBlob, openFile, pullIterable, pullWebStream } from "./open-source.js";
import { assertNotCut, assertUnread } from "./unread.js";
import { describeType } from "../contract/key.js";
import type { Body } from "../contract/provider.js";
import { PulledStream, sourceError, sourceRules, tooLarge, type SourceContext } from "./source-stream.js";
import { wholeNumber } from "../kit/options.js";

/** A body that a caller can store, in any form of {@link BodyInput} except a function. */
export type BodyContent =
  | string
  | NodeJS.ArrayBufferView
  | ArrayBufferLike
  | BlobLike
  | Readable
  | ReadableStream<Uint8Array>
  | AnyIterable<Uint8Array | string>
  | WebMessage
  | FileBody;

/**
 * A body that a caller can store. Every form except a one-shot stream can be read again if a try fails. A function is called once
 * for each reading, and must return the same bytes each time.
 */
export type BodyInput = BodyContent | (() => BodyContent | Promise<BodyContent>);

/** The options of {@link toBody}. */
export interface BodyOptions {
  /**
   * The length in bytes, if the caller knows it. A body with a different length is refused.
   *
   * @default the length of the input, if it is known
   */
  readonly size?: number | undefined;
  /**
   * The maximum size of the body, in bytes. A longer body is refused with `TooLarge`.
   *
   * @default no limit
   */
  readonly maxBytes?: number | undefined;
  /**
   * The key that appears in the errors of the source.
   *
   * @default none
   */
  readonly key?: string | undefined;
  /**
   * The provider name that appears in the errors of the source.
   *
   * @default `"source"`
   */
  readonly provider?: string | undefined;
  /**
   * The time to wait for the next bytes of a stream, in milliseconds.
   *
   * @default 0: for ever
   */
  readonly idleMs?: number | undefined;
}

/**
 * Makes a {@link Body} from any kind of input.
 *
 * @throws TypeError when the kind of input is not accepted.
 * @throws StorageError `SourceError` when a file is missing, when other code has read the source or is reading it, or when the
 *   declared size is known to be wrong. `TooLarge` when the body is known to be longer than `maxBytes`.
 */
export async function toBody(input: BodyInput, options: BodyOptions = {}): Promise<Body> {
  return await bodyOf(input, options);
}

/** Makes a {@link Body}, like {@link toBody}. Returns a promise only if it has to read the disk. */
export function bodyOf(input: BodyInput, options: BodyOptions): Body | Promise<Body> {
  const { size, maxBytes, key, provider = "source", idleMs } = options;
  if (size !== undefined) wholeNumber("a body", "size", size);
  if (maxBytes !== undefined) wholeNumber("a body", "maxBytes", maxBytes);
  return bodyFor(input, size, { key, provider, idleMs, maxBytes });
}

function bodyFor(input: BodyInput, size: number | undefined, context: SourceContext): Body | Promise<Body> {
  assertSize(undefined, size, context);
  if (typeof input === "string") return bytesBody(stringBytes(input), size, context);
  const bytes = viewedBytes(input);
  if (bytes !== undefined) return bytesBody(bytes, size, context);
  if (input instanceof Readable) return streamBody(input, size, context);
  if (typeof input === "function") return functionBody(input, size, context);
  if (isWebStream(input)) return webStreamBody(input, size, context);
  if (isWebMessage(input)) return webMessageBody(input, size, context);
  if (isBlob(input)) return blobBody(input, size, context);
  if (Array.isArray(input)) return arrayBody(input, size, context);
  if (isIterable(input)) return iterableBody(input, size, context);
  const path = pathOf(input);
  if (path !== undefined) return fileBody(path, size, context);
  throw new TypeError(
    `A body must be a string, bytes, a Blob, a stream, an iterable of bytes, a Request, fromFile(path) or a function, not ${describeType(input)}${adviceFor(input)}`,
  );
}

/**
 * Returns the end of the error message for an object that is not a body, but has a property with the bytes or their location. The
 * text says which value to pass instead.
 */
function adviceFor(input: unknown): string {
  const { path, buffer, size } = Object(input) as Record<string, unknown>;
  if (viewedBytes(buffer) !== undefined) return "; pass its .buffer";
  if (typeof path === "string") return "; for a file on this machine, pass fromFile(path)";
  return typeof size === "number" ? "; pass its bytes, such as Buffer.from(await blob.arrayBuffer())" : "";
}

function stringBytes(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new TypeError("A body that is a string must be well-formed Unicode");
  return Buffer.from(text);
}

function assertSize(actual: number | undefined, declared: number | undefined, context: SourceContext): void {
  const known = actual ?? declared;
  if (known !== undefined && context.maxBytes !== undefined && known > context.maxBytes) {
    throw tooLarge(context, known);
  }
  if (actual === undefined || declared === undefined || declared === actual) return;
  throw sourceError(`the body is ${actual} bytes long, but its declared size is ${declared}`, context);
}

export function bytesBody(bytes: Uint8Array, declared: number | undefined, context: SourceContext): Body {
  if (isTransferred(bytes))
    throw sourceError("the buffer of the body was transferred, so its bytes are gone", context);
  assertSize(bytes.byteLength, declared, context);
  return {
    size: bytes.byteLength,
    replayable: true,
    bytes,
    open: (range) => {
      return bytesStream(
        range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length),
      );
    },
  };
}

/** Makes a body from a Blob. A Blob knows its size and can be read again. */
function blobBody(blob: BlobLike, declared: number | undefined, context: SourceContext): Body {
  const size = Number.isSafeInteger(blob.size) ? blob.size : declared;
  assertSize(size, declared, context);
  return {
    size,
    replayable: true,
    open: (range) => {
      if (range === undefined) return openBlob(blob, size, context);
      if (typeof blob.slice !== "function") return cutFrom(openBlob(blob, size, context), range, context);
      return openBlob(blob.slice(range.offset, range.offset + range.length), range.length, context);
    },
  };
}

async function fileBody(path: string, declared: number | undefined, context: SourceContext): Promise<Body> {
  const facts = await stat(path).catch((error: unknown) => {
    throw sourceError(`the file of the body cannot be read`, context, error);
  });
  if (!facts.isFile())
    throw sourceError("the path of the body leads to a folder or a device, not to a file", context);
  assertSize(facts.size, declared, context);
  return {
    size: facts.size,
    replayable: true,
    path,
    open: (range) =>
      new FlowedStream(() => openFile(path, range), sourceRules(range?.length ?? facts.size, context)),
  };
}

function functionBody(
  make: () => BodyContent | Promise<BodyContent>,
  size: number | undefined,
  context: SourceContext,
): Body {
  const open = async (): Promise<Readable> => {
    const content = await make();
    if (typeof content === "function")
      throw new TypeError("A function that is passed as a body must return a body, not another function");
    const body = bodyFor(content, size, { ...context, isMade: true });
    return (body instanceof Promise ? await body : body).open();
  };
  return {
    size,
    replayable: true,
    open: (range) => {
      const whole = new FlowedStream(open, sourceRules(size, context));
      return range === undefined ? whole : cutFrom(whole, range, context);
    },
  };
}

/** Makes a body from an array. The chunks of an array can be read again, and are checked before the first reading. */
function arrayBody(chunks: readonly unknown[], declared: number | undefined, context: SourceContext): Body {
  const isBytes = chunks.every((chunk) => typeof chunk === "string" || viewedBytes(chunk) !== undefined);
  if (!isBytes) throw new TypeError("A body that is an array must contain only bytes or strings");
  const list = chunks as readonly (string | NodeJS.ArrayBufferView)[];
  const size = list.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0);
  assertSize(size, declared, context);
  const open = (): Readable => new PulledStream(pullIterable(list, context), sourceRules(size, context));
  return {
    size,
    replayable: true,
    open: (range) => (range === undefined ? open() : cutFrom(open(), range, context)),
  };
}

/** Makes a body that can be opened only once. */
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
  assertUnread(stream, context);
  // Until the stream is opened, it has no other listener. An error without a listener would end the process.
  stream.on("error", () => {});
  const open = (): Readable => {
    // Other code may have read the stream since the caller passed it.
    assertUnread(stream, context);
    return stream;
  };
  const rules: FlowRules = {
    ...sourceRules(size, context),
    letGo: (source) => letGo(source, context.isMade),
    atEnd: () => assertNotCut(stream, context),
  };
  return onceBody(size, context, () => new FlowedStream(open, rules));
}

function webStreamBody(
  stream: ReadableStream<Uint8Array>,
  size: number | undefined,
  context: SourceContext,
): Body {
  assertUnread(stream, context);
  const open = (): Readable => new PulledStream(pullWebStream(stream, context), sourceRules(size, context));
  return onceBody(size, context, open);
}

function webMessageBody(message: WebMessage, size: number | undefined, context: SourceContext): Body {
  assertUnread(message, context);
  const { body } = message;
  if (body === null) return bytesBody(new Uint8Array(0), size, context);
  if (body === undefined) {
    const read = async (): Promise<Readable> => bytesStream((await message.arrayBuffer?.()) as ArrayBuffer);
    return onceBody(size, context, () => new FlowedStream(read, sourceRules(size, context)));
  }
  if (body instanceof Readable) return streamBody(body, size, context);
  if (!isWebStream(body)) return iterableBody(body as AnyIterable<Uint8Array>, size, context);
  assertUnread(body, context);
  const release = isRequest(message) ? releaseRequest : undefined;
  const open = (): Readable =>
    new PulledStream(pullWebStream(body, context, release), sourceRules(size, context));
  return onceBody(size, context, open);
}

function iterableBody(
  iterable: AnyIterable<unknown>,
  size: number | undefined,
  context: SourceContext,
): Body {
  assertUnread(iterable, context);
  // This stream comes from another library. Until this code opens the stream, the stream has no other listener, as with Node's
  // own streams.
  if (isEmitter(iterable)) iterable.on("error", () => {});
  const open = (): Readable => new PulledStream(pullIterable(iterable, context), sourceRules(size, context));
  return onceBody(size, context, open);
}

function isEmitter(input: object): input is Pick<NodeJS.EventEmitter, "on"> {
  return typeof (input as { on?: unknown }).on === "function";
}
