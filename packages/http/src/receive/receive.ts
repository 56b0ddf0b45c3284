import type { IncomingMessage } from "node:http";
import { isStorageError, type FileStorage, type ObjectInfo, type StoragePutOptions } from "@stowage/core";
import { HttpError } from "../wire/http-error.js";
import { incomingOf, type HeaderReader, type Incoming } from "../wire/http-request.js";
import { conditionOf } from "./write-conditions.js";
import { IDLE_MS, openSource } from "./open-source.js";
import { checkReceive, type ReceiveOptions } from "./receive-options.js";
import { sniff } from "./sniff.js";
import { essenceOf, typeOf } from "../serve/stored-headers.js";

const ENCODINGS = /^(?:br|deflate|gzip|zstd)$/i;
const IDEMPOTENCY_LENGTH_MAX = 200;

/**
 * Stores the body of a request as one object.
 *
 * Check the permission before you call this function. A request with wrong headers is refused before the client sends the body.
 * Nothing is stored if the client leaves, if the body is longer than `maxBytes`, or if `types` does not allow the type. The
 * request headers `If-Match`, `If-Unmodified-Since`, `If-None-Match: *` and `Idempotency-Key` are honoured.
 *
 * @param key - The key, chosen by the server, for example with `keyTemplate`. Never use the client's name for the file.
 * @returns The facts of the new object.
 * @throws HttpError 400, 409, 412, 413, 415 or 501 for a refused request; StorageError as `storage.put` throws it. `httpStatus` and
 * `errorResponse` accept both.
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

/**
 * Stores the body of a request. If the client waits for permission (`Expect: 100-continue`), it gets the permission only after
 * its headers were checked.
 */
export async function receiveBody(
  storage: FileStorage,
  key: string,
  { headers, source, signal, proceed }: Incoming,
  options: ReceiveOptions,
): Promise<ObjectInfo> {
  const { maxBytes, idleMs = IDLE_MS, overwrite = false } = options;
  const put = putOptions(headers, options);
  const condition = await conditionOf(storage, key, headers, !overwrite);
  const all = { ...put, ...condition, signal };
  proceed?.();
  try {
    if (options.types === undefined) return await storage.put(key, source, all);
    const stream = await openSource(source, { key, size: put.size, maxBytes, idleMs });
    const typed = await sniff(stream, put.contentType, options.types);
    return await storage.put(key, typed.body, { ...all, contentType: typed.contentType });
  } catch (error) {
    // The failed condition is the client's own `If-None-Match: *`.
    if (!isStorageError(error, "AlreadyExists") || headers.get("if-none-match") !== "*") throw error;
    throw new HttpError(
      412,
      "PreconditionFailed",
      "the key already has an object, and the request has If-None-Match: *",
    );
  }
}

/** Checks the headers of the request, and returns the options of the put. */
function putOptions(
  headers: HeaderReader,
  { maxBytes, cacheControl, contentDisposition, metadata, onProgress }: ReceiveOptions,
): StoragePutOptions & { contentType: string } {
  assertPlain(headers);
  const contentType = typeOf(headers.get("content-type") ?? undefined);
  if (essenceOf(contentType) === "multipart/form-data") {
    throw new HttpError(415, "UnsupportedMediaType", "the request is a form: use receiveForm");
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

/**
 * Refuses `Content-Range`, because the storage would store the part as a whole object. Refuses transfer codings other than
 * `chunked`, because the storage would store the encoded bytes.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.5
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.1
 */
export function assertPlain(headers: HeaderReader): void {
  if ((headers.get("content-range") ?? undefined) !== undefined) {
    throw new HttpError(
      400,
      "ContentRange",
      "the request has Content-Range, but only whole objects are accepted",
    );
  }
  const coding = headers.get("transfer-encoding") ?? "chunked";
  if (coding.trim().toLowerCase() === "chunked") return;
  throw new HttpError(501, "TransferEncoding", "its Transfer-Encoding must be chunked");
}

/**
 * Returns the declared length of the body.
 *
 * @throws HttpError 400 if the length is not a whole number, 413 if it is above the limit.
 */
export function lengthOf(headers: HeaderReader, maxBytes: number): number | undefined {
  const text = headers.get("content-length") ?? undefined;
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw new HttpError(400, "ContentLength", "its Content-Length must be a whole number");
  const length = Number(text);
  if (length <= maxBytes) return length;
  throw new HttpError(413, "TooLarge", `the body has ${length} bytes, but at most ${maxBytes} are allowed`);
}

function encodingOf(headers: HeaderReader): string | undefined {
  const encoding = headers.get("content-encoding") ?? undefined;
  if (encoding === undefined || encoding === "identity") return undefined;
  if (ENCODINGS.test(encoding)) return encoding.toLowerCase();
  throw new HttpError(415, "UnsupportedEncoding", "its Content-Encoding must be br, deflate, gzip or zstd");
}

/**
 * Returns the idempotency key, without the quotes of a structured field.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
function idempotencyKeyOf(headers: HeaderReader): string | undefined {
  const text = headers.get("idempotency-key") ?? undefined;
  if (text === undefined) return undefined;
  const key = /^"(?<inner>.*)"$/s.exec(text)?.groups?.["inner"] ?? text;
  if (key !== "" && key.length <= IDEMPOTENCY_LENGTH_MAX) return key;
  throw new HttpError(
    400,
    "IdempotencyKey",
    `its Idempotency-Key must have 1 to ${IDEMPOTENCY_LENGTH_MAX} characters`,
  );
}
