import { PassThrough, Readable } from "node:stream";
import { types } from "node:util";
import { fromFile, type BodyInput } from "@stowage/core";
import { storageMutant, type Mutant } from "../mutant.js";
import type { StorageBreak } from "../context.js";
import { filePath, isWeb, takes } from "./bodies.js";
import { facade, facadePut } from "./breaks.js";

export const NOTHING = (): BodyInput => "";

function isOfOtherRealm(body: BodyInput): boolean {
  return types.isUint8Array(body) && !(body instanceof Uint8Array);
}

function isOtherBuffer(body: BodyInput): boolean {
  return types.isArrayBuffer(body) && !(body instanceof ArrayBuffer);
}

export function isRead(body: unknown): boolean {
  return Readable.isDisturbed(body as Readable);
}

function isReadRequest(body: BodyInput): boolean {
  return body instanceof Request && (body.bodyUsed || isRead(body.body));
}

/** Makes a mutant that stores an empty object if `is` recognises the source as already read. */
function storesRest(rule: string, name: string, is: (body: BodyInput) => boolean): Mutant {
  return takes(rule, name, is, NOTHING);
}

/** Makes a mutant that stores an empty object if an earlier put has already received the same source. */
function storesAgain(kind: string, is: (body: BodyInput) => boolean): Mutant {
  const rule = `after a failed put has read ${kind}, the next put refuses it with SourceError`;
  return storageMutant(rule, `stores an empty object for ${kind} that is put again`, forgetting(is));
}

function forgetting(is: (body: BodyInput) => boolean): StorageBreak {
  const seen = new WeakSet<object>();
  return facadePut((key, body, options) => {
    if (typeof body !== "object" || !is(body)) return [key, body, options];
    const isSeen = seen.has(body);
    seen.add(body);
    return [key, isSeen ? "" : body, options];
  });
}

/** A fault that a mutant has: the facade destroys the source of every put that fails. */
const destroying: StorageBreak = facade((storage) => ({
  put: (key, body, options) =>
    storage.put(key, body, options).catch((error: unknown) => {
      if (body instanceof Readable) body.destroy();
      throw error;
    }),
}));

function isFormFile(body: BodyInput): boolean {
  return typeof (body as { truncated?: unknown }).truncated === "boolean";
}

function withoutItsEnd(body: BodyInput): Readable {
  return (body as Readable).pipe(new PassThrough());
}

/** Changes the limit of every put that has a limit. */
function limited(change: (maxBytes: number) => number | undefined): StorageBreak {
  return facadePut((key, body, { maxBytes, ...options } = {}) => {
    return [key, body, maxBytes === undefined ? options : { ...options, maxBytes: change(maxBytes) }];
  });
}

export const sourceMutants: readonly Mutant[] = [
  takes(
    "a Uint8Array from another realm can be stored",
    "treats foreign bytes as text",
    isOfOtherRealm,
    String,
  ),
  takes(
    "an ArrayBuffer from another realm can be stored",
    "calls String() on a foreign ArrayBuffer",
    isOtherBuffer,
    String,
  ),
  takes(
    "a typed array other than Uint8Array can be stored",
    "stores one byte for each element of a typed array, whatever the element's size",
    types.isFloat32Array,
    (body: Float32Array) => Uint8Array.from(body),
  ),
  takes(
    "a DataView can be stored",
    "stores the whole buffer behind a DataView",
    types.isDataView,
    (body: DataView) => body.buffer,
  ),
  takes(
    "a Blob that is not Node's own can be stored",
    "calls String() on a foreign Blob",
    (body) => typeof (body as Blob).slice === "function" && (body as object).constructor === Object,
    String,
  ),
  takes(
    "a Response that is not Node's own can be stored",
    "calls String() on a foreign Response",
    (body) => (body as Response).headers instanceof Map,
    String,
  ),
  takes(
    "an array of bytes can be stored",
    "stores only the first chunk of an array",
    Array.isArray,
    ([first]: Uint8Array[]) => first as Uint8Array,
  ),
  takes(
    "an iterable of bytes can be stored",
    "stores only the first chunk of a Set",
    (body) => body instanceof Set,
    ([first]: Set<Uint8Array>) => first as Uint8Array,
  ),
  storesRest(
    "a Web stream that was already partly read is refused with SourceError, and nothing is written",
    "stores an empty object for a Web stream that was read in part",
    (body) => isWeb(body) && isRead(body),
  ),
  storesRest(
    "a Web stream that was already read to its end is refused with SourceError, and nothing is written",
    "stores an empty object for a Web stream that was read to its end",
    (body) => isWeb(body) && isRead(body),
  ),
  storesRest(
    "a Web stream that was cancelled is refused with SourceError, and nothing is written",
    "stores an empty object for a Web stream that was cancelled",
    (body) => isWeb(body) && isRead(body),
  ),
  storesRest(
    "a Node stream that was already partly read is refused with SourceError, and nothing is written",
    "stores an empty object for a Node stream that was read in part",
    (body) => body instanceof Readable && isRead(body),
  ),
  storesRest(
    "a Request that was already read is refused with SourceError, and nothing is written",
    "stores an empty object for a Request that was read",
    isReadRequest,
  ),
  storesRest(
    "a Request that was already partly read is refused with SourceError, and nothing is written",
    "stores an empty object for a Request that was read in part",
    isReadRequest,
  ),
  storesAgain("a generator", (body) => Object(body)[Symbol.toStringTag] === "AsyncGenerator"),
  storesAgain("a Request", (body) => body instanceof Request),
  storesAgain("a Web stream", isWeb),
  storesAgain("a Node stream", (body) => body instanceof Readable),
  storageMutant(
    "an iterable that starts again for each reader can be put twice",
    "stores an empty object for an iterable that is put again",
    forgetting((body) => Symbol.asyncIterator in Object(body)),
  ),
  storageMutant(
    "if other code also reads a Node stream, the stream is stored whole or refused with SourceError",
    "stores only a part of a stream that other code reads too",
    facade((storage) => ({
      put: async (key, body, options) => {
        const isShared = body instanceof Readable && body.listenerCount("data") > 0;
        return await storage.put(key, isShared ? "the rest" : body, options);
      },
    })),
  ),
  takes(
    "if the form parser has cut off a form's file, the file is refused with SourceError, and nothing is written",
    "does not notice that a form's file was cut off",
    isFormFile,
    withoutItsEnd,
  ),
  takes(
    "if the form parser has not cut off a form's file, the file can be stored",
    "treats every file of a form as cut off",
    isFormFile,
    (body: Readable) => Object.assign(withoutItsEnd(body), { truncated: true }),
  ),
  storageMutant(
    "if the put of a form's file fails, the rest of the file is still read, so that the form parser can finish",
    "destroys files of forms",
    destroying,
  ),
  storageMutant("if an upload fails, the client still gets an answer", "destroys requests", destroying),
  storageMutant(
    "if a put is refused before it reads a stream, the stream stays open and can be put again",
    "destroys the source of every failed put",
    destroying,
  ),
  takes(
    "a plain object with a path is refused with TypeError, and no file of the server is stored",
    "treats an object with a path as a file",
    (body) => "path" in Object(body) && filePath(body) === undefined,
    (body: { readonly path: string }) => fromFile(body.path),
  ),
  storageMutant(
    "a body longer than maxBytes is refused with a TooLarge error that names no provider, and nothing is written",
    "ignores maxBytes",
    limited(() => undefined),
  ),
  storageMutant(
    "a body of exactly maxBytes can be stored",
    "refuses a body of exactly maxBytes",
    limited((maxBytes) => maxBytes - 1),
  ),
  storageMutant(
    "an error thrown by onProgress does not affect the put",
    "fails when onProgress throws",
    facade((storage) => ({
      put: async (key, body, options) => {
        options?.onProgress?.({ loaded: 0 });
        return await storage.put(key, body, options);
      },
    })),
  ),
  takes(
    "the content type of a string has a charset, and the content type of bytes has no charset",
    "treats a string as bytes",
    (body) => typeof body === "string",
    (body: string) => Buffer.from(body),
  ),
  takes(
    "the type of a Blob is used if neither the caller nor the extension gives a content type",
    "forgets the type of a Blob",
    (body) => body instanceof Blob,
    (body: Blob) => body.stream(),
  ),
];
