import type { IncomingMessage } from "node:http";
import { isStorageError, type FileStorage, type ObjectInfo, type StoragePutOptions } from "@stowage/core";
import { HttpError } from "../wire/http-error.js";
import { incomingOf, isWebRequest, type HeaderReader, type Incoming } from "../wire/http-request.js";
import { judge, parsePreconditions } from "../serve/preconditions.js";
import { checkReceive, type ReceiveOptions } from "./receive-options.js";
import { sniff } from "./sniff.js";
import { essenceOf, typeOf } from "../serve/stored-headers.js";
import { validatorsOf } from "../serve/validators.js";

const ENCODINGS = /^(?:br|deflate|gzip|zstd)$/i;
const IDEMPOTENCY_LENGTH_MAX = 200;

/**
 * Stores the body of a request as one object.
 *
 * Whether the client may store something is for the caller to decide before: no byte is read until then. What can be refused by the headers
 * is, before the body is asked for. Nothing is stored when the client leaves, when the body is longer than `maxBytes`, or when it is of another
 * type than it says. `If-Match`, `If-None-Match: *` and `Idempotency-Key` of the request are kept.
 *
 * @param key - Chosen by the server, such as by `keyTemplate`; never the name that the client has for its file.
 * @returns The facts of the new object.
 * @throws HttpError 400, 411, 413 or 415 for a request that cannot be stored; StorageError as `storage.put` throws: `httpStatus` and
 * `errorResponse` know both.
 * @example
 * ```ts
 * export async function PUT(request: Request): Promise<Response> {
 *   const info = await receive(storage, "avatars/42", request, { maxBytes: 5_000_000, types: ["image/*"] });
 *   return Response.json({ ref: info.ref }, { status: 201 });
 * }
 * ```
 */
export async function receive(
  storage: FileStorage,
  key: string,
  request: Request | IncomingMessage,
  options: ReceiveOptions,
): Promise<ObjectInfo> {
  checkReceive("receive", options);
  return await receiveBody(storage, key, incomingOf(request), options);
}

/** Stores the body of a request, and asks a client that waits for it only when nothing in the headers is wrong. */
export async function receiveBody(
  storage: FileStorage,
  key: string,
  { headers, source, signal, proceed }: Incoming,
  options: ReceiveOptions,
): Promise<ObjectInfo> {
  const put = putOptions(headers, options);
  const condition = await conditionOf(storage, key, headers, options);
  const all = { ...put, ...condition, signal };
  proceed?.();
  try {
    if (options.types === undefined) return await storage.put(key, source, all);
    const typed = await sniff(chunksOf(source), put.contentType, options.types);
    return await storage.put(key, typed.body, { ...all, contentType: typed.contentType });
  } catch (error) {
    // Of a condition of the client's own.
    if (!isStorageError(error, "AlreadyExists") || headers.get("if-none-match") !== "*") throw error;
    throw new HttpError(412, "PreconditionFailed", "its If-None-Match does not hold");
  }
}

/** Returns the options of the put, after everything that the headers tell was looked at. */
function putOptions(
  headers: HeaderReader,
  { maxBytes, cacheControl, contentDisposition, metadata, onProgress }: ReceiveOptions,
): StoragePutOptions & { contentType: string } {
  assertWhole(headers);
  const contentType = typeOf(headers.get("content-type") ?? undefined);
  if (essenceOf(contentType) === "multipart/form-data") {
    throw new HttpError(415, "UnsupportedMediaType", "it is a form: receiveForm stores the files of one");
  }
  return {
    contentType,
    contentEncoding: encodingOf(headers),
    size: lengthOf(headers, maxBytes),
    maxBytes,
    idempotencyKey: idempotencyKeyOf(headers),
    cacheControl,
    contentDisposition,
    metadata,
    onProgress,
  };
}

/** Refuses a part of an object, which would be stored as the whole. @see https://www.rfc-editor.org/rfc/rfc9110#section-14.5 */
export function assertWhole(headers: HeaderReader): void {
  if ((headers.get("content-range") ?? undefined) === undefined) return;
  throw new HttpError(400, "ContentRange", "it has Content-Range, and only whole objects are received");
}

/**
 * Returns the length that the client says.
 *
 * @throws HttpError 400 when it is none, 413 when it is too large.
 */
export function lengthOf(headers: HeaderReader, maxBytes: number): number | undefined {
  const text = headers.get("content-length") ?? undefined;
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new HttpError(400, "ContentLength", "its Content-Length is no length");
  const length = Number(text);
  if (length <= maxBytes) return length;
  throw new HttpError(413, "TooLarge", `it has ${length} bytes, the most is ${maxBytes}`);
}

function encodingOf(headers: HeaderReader): string | undefined {
  const encoding = headers.get("content-encoding") ?? undefined;
  if (encoding === undefined || encoding === "identity") return undefined;
  if (ENCODINGS.test(encoding)) return encoding.toLowerCase();
  throw new HttpError(415, "UnsupportedEncoding", "its Content-Encoding is not br, deflate, gzip or zstd");
}

/** Returns the idempotency key. The quotes of a structured field are no part of it. @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
function idempotencyKeyOf(headers: HeaderReader): string | undefined {
  const text = headers.get("idempotency-key") ?? undefined;
  if (text === undefined) return undefined;
  const key = /^"(?<inner>.*)"$/s.exec(text)?.groups?.["inner"] ?? text;
  if (key !== "" && key.length <= IDEMPOTENCY_LENGTH_MAX) return key;
  throw new HttpError(
    400,
    "IdempotencyKey",
    `its Idempotency-Key is not 1 to ${IDEMPOTENCY_LENGTH_MAX} characters`,
  );
}

/** Returns the condition of the put, by the request and by what the application allows. */
async function conditionOf(
  storage: FileStorage,
  key: string,
  headers: HeaderReader,
  { overwrite = false }: ReceiveOptions,
): Promise<Pick<StoragePutOptions, "ifMatch" | "ifNoneMatch">> {
  const conditions = parsePreconditions(headers);
  if (conditions?.ifNoneMatch !== undefined && conditions.ifNoneMatch !== "*") {
    throw new HttpError(400, "IfNoneMatch", "its If-None-Match is not *, the only one that a write can keep");
  }
  const isCreateOnly = !overwrite || conditions?.ifNoneMatch === "*";
  if (conditions?.ifMatch === undefined) return isCreateOnly ? { ifNoneMatch: "*" } : {};
  const info = await storage.find(key);
  const isMet =
    info !== undefined &&
    judge({ ...conditions, ifNoneMatch: undefined }, validatorsOf(storage, info)) === "proceed";
  if (!isMet) throw new HttpError(412, "PreconditionFailed", "its If-Match does not hold");
  if (isCreateOnly) throw new HttpError(409, "AlreadyExists", "there is an object under its key");
  return { ifMatch: info.etag };
}

/** Returns the body of a request, piece by piece. A request without one has no pieces. */
export function chunksOf(request: Request | IncomingMessage): AsyncIterable<Uint8Array> {
  if (!isWebRequest(request)) return request as AsyncIterable<Uint8Array>;
  return request.body ?? noChunks();
}

async function* noChunks(): AsyncGenerator<Uint8Array, void, undefined> {}
