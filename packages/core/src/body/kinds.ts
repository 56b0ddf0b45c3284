import { Readable } from "node:stream";
import { types } from "node:util";

/** A `Blob` of any origin: the global class, the class of a form parser, or the class of a simulated browser. */
export interface BlobLike {
  /** The size in bytes. */
  readonly size: number;
  /** The media type; empty when it is not known. */
  readonly type: string;
  /** Begins to read the Blob. Each call begins at the start of the Blob. */
  readonly stream?: (() => unknown) | undefined;
  readonly arrayBuffer?: (() => Promise<ArrayBuffer>) | undefined;
  readonly slice?: ((start?: number, end?: number) => BlobLike) | undefined;
}

/** A `Request` or `Response` of any origin. A put stores the body of this message. A message may have no body. */
export interface WebMessage {
  readonly body?: ReadableStream<Uint8Array> | NodeJS.ReadableStream | null | undefined;
  readonly headers: { readonly get: (name: string) => string | null | undefined };
  /** True after the body has been read. */
  readonly bodyUsed?: boolean | undefined;
  readonly arrayBuffer?: (() => Promise<ArrayBuffer>) | undefined;
}

/**
 * Returns the bytes of a buffer, or of any view of a buffer, without a copy. A shared buffer is copied. Buffers from other realms
 * are recognised. For a view, returns only the bytes inside the view.
 */
export function viewedBytes(input: unknown): Uint8Array | undefined {
  if (input instanceof Uint8Array) return input;
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (types.isSharedArrayBuffer(input)) return new Uint8Array(input).slice();
  return types.isArrayBuffer(input) ? new Uint8Array(input) : undefined;
}

/** Tells whether bytes were transferred to another thread. After a transfer, the remaining view is empty. */
export function isTransferred(bytes: Uint8Array): boolean {
  if (bytes.byteLength > 0) return false;
  try {
    return new Uint8Array(bytes.buffer).byteLength < 0;
  } catch {
    return true;
  }
}

export function isWebStream(input: unknown): input is ReadableStream<Uint8Array> {
  return typeof (input as ReadableStream | null)?.getReader === "function";
}

export function isBlob(input: unknown): input is BlobLike {
  if (input instanceof Blob) return true;
  const { size, type, stream, arrayBuffer } = Object(input) as Partial<BlobLike>;
  if (typeof size !== "number" || typeof type !== "string") return false;
  return typeof stream === "function" || typeof arrayBuffer === "function";
}

export function isWebMessage(input: unknown): input is WebMessage {
  const { body, headers, arrayBuffer } = Object(input) as Partial<WebMessage>;
  if (typeof headers?.get !== "function") return false;
  if (body === undefined) return typeof arrayBuffer === "function";
  return body === null || isWebStream(body) || body instanceof Readable || isIterable(body);
}

/** Tells whether a message came from a client that waits for an answer. */
export function isRequest(message: WebMessage): boolean {
  const { method, url } = message as { readonly method?: unknown; readonly url?: unknown };
  return typeof method === "string" && typeof url === "string";
}

/** An object that can be iterated over, synchronously or asynchronously. */
export type AnyIterable<T> = AsyncIterable<T> | Iterable<T>;

export function isIterable(input: unknown): input is AnyIterable<unknown> {
  if (typeof input !== "object" || input === null) return false;
  const iterable = input as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  return typeof (iterable[Symbol.asyncIterator] ?? iterable[Symbol.iterator]) === "function";
}
