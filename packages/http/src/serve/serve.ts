import type { IncomingMessage, ServerResponse } from "node:http";
import {
  isStorageError,
  type ByteRange,
  type FileStorage,
  type ObjectInfo,
  type ServedRange,
  type StoredObject,
} from "@stowage/core";
import {
  errorAnswer,
  refusal,
  SAFE_HEADERS,
  withoutBody,
  type Answer,
  type AnswerHeaders,
} from "../wire/answer.js";
import { nodeRequest, webRequest, type HttpRequest } from "../wire/http-request.js";
import { parseRange } from "./parse-range.js";
import { isRangeCurrent, judge, parsePreconditions, type Preconditions } from "./preconditions.js";
import { redirectAnswer } from "./redirect.js";
import type { ObjectHeaders } from "@stowage/core";
import { checkServe, type ServeOptions } from "./serve-options.js";
import { dispositionFor, storedHeaders } from "./stored-headers.js";
import { hasTurn } from "../wire/turn.js";
import { tell } from "../wire/tell.js";
import { toResponse } from "../wire/to-response.js";
import { hasSeveralMembers, tagText, validatorsOf } from "./validators.js";
import { writeAnswer } from "../wire/write-answer.js";

const CACHE_CONTROL_DEFAULT = "private, no-cache";

/** One request for one object. */
interface Asked {
  readonly storage: FileStorage;
  readonly key: string;
  readonly request: HttpRequest;
  readonly options: ServeOptions;
  /** Headers that replace the stored headers. */
  readonly overrides: ObjectHeaders | undefined;
}

/**
 * Answers a GET or HEAD with a stored object. Supports the ranges and conditions of RFC 9110, with the statuses 206, 304, 412
 * and 416.
 *
 * Check the permission before you call this function. Browsers can safely show the answer at the origin of your application:
 * stored headers are checked again, and types that are not known to be safe become attachments. If the body is not read to its
 * end, its connection or file is released.
 *
 * @param key - The decoded key. `keyOfTarget` returns the key for the target of a request. For a text that is not a key, the answer is
 * 404.
 * @returns The answer. An error of the storage becomes an answer with its status, `no-store` and its code as text.
 * @throws TypeError for options that are wrong.
 * @example
 * ```ts
 * export async function GET(request: Request): Promise<Response> {
 *   return await serve(storage, "videos/42.mp4", request);
 * }
 * ```
 * @see https://www.rfc-editor.org/rfc/rfc9110
 */
export async function serve(
  storage: FileStorage,
  key: string,
  request: Request,
  options: ServeOptions = {},
): Promise<Response> {
  checkServe("serve", options);
  const asked = webRequest(request);
  const { onError } = options;
  return toResponse(await answerObject(storage, key, asked, options), { onError, signal: asked.signal });
}

/** Answers as {@link serve} does, on a response of `node:http`. Resolves when the answer is sent or the client has left. */
export async function serveNode(
  storage: FileStorage,
  key: string,
  request: IncomingMessage,
  response: ServerResponse,
  options: ServeOptions = {},
): Promise<void> {
  checkServe("serveNode", options);
  if (!(await hasTurn(request, response))) return;
  const answer = await answerObject(storage, key, nodeRequest(request, response), options);
  await writeAnswer(answer, response, options.onError);
}

/** Makes the answer to a request for an object. Never rejects. */
export async function answerObject(
  storage: FileStorage,
  key: string,
  request: HttpRequest,
  options: ServeOptions,
  overrides?: ObjectHeaders,
): Promise<Answer> {
  const { method } = request;
  if (method !== "GET" && method !== "HEAD") return refusal(405, "MethodNotAllowed", { allow: "GET, HEAD" });
  const asked = { storage, key, request, options, overrides };
  try {
    return method === "HEAD" ? await answerHead(asked) : await answerGet(asked);
  } catch (error) {
    const answer = errorAnswer(error);
    if (answer.status >= 500 && !request.signal.aborted) tell(options.onError, error);
    return method === "HEAD" ? withoutBody(answer) : answer;
  }
}

/** Answers a HEAD, and ignores its ranges. */
async function answerHead(asked: Asked): Promise<Answer> {
  const info = await lookAt(asked);
  return withoutBody(judged(asked, info, parsePreconditions(asked.request.headers)) ?? whole(asked, info));
}

async function answerGet(asked: Asked): Promise<Answer> {
  const { storage, request, options } = asked;
  const conditions = parsePreconditions(request.headers);
  const isRedirecting = options.mode === "redirect" || options.mode === "auto";
  // If the storage has several members, the facts are read first: a body that is opened but not sent costs a
  // connection. A single provider needs only one request.
  if (isRedirecting || (conditions !== undefined && hasSeveralMembers(storage))) {
    const info = await lookAt(asked);
    const redirect = isRedirecting ? await redirectAnswer(storage, info, request, options) : undefined;
    const early = redirect ?? judged(asked, info, conditions);
    if (early !== undefined) return early;
  }
  return await answerBody(asked, conditions);
}

/** Opens the object and answers with its body. Conditions are checked against the facts that come with the body. */
async function answerBody(asked: Asked, conditions: Preconditions | undefined): Promise<Answer> {
  const { storage, request } = asked;
  const range = storage.provider.supports.range ? parseRange(request.headers.get("range")) : undefined;
  const object = await openStretch(asked, range);
  if (object === undefined) return await answerUnsatisfiable(asked, conditions);
  const { info } = object;
  const early = judged(asked, info, conditions);
  if (early !== undefined) {
    object.destroy();
    return early;
  }
  if (object.range === undefined || isCurrent(asked, info)) return withBody(asked, object);
  object.destroy();
  return withBody(asked, await open(asked, undefined));
}

/**
 * Answers a request for a range outside the object. Conditions are checked first. An empty object is sent with status
 * 200.
 */
async function answerUnsatisfiable(asked: Asked, conditions: Preconditions | undefined): Promise<Answer> {
  const info = await lookAt(asked);
  const early = judged(asked, info, conditions);
  if (early !== undefined) return early;
  if (info.size === 0 || !isCurrent(asked, info)) return withBody(asked, await open(asked, undefined));
  return refusal(416, "InvalidRange", { "content-range": `bytes */${info.size}` });
}

/** Opens the object, or a range of it. @returns The object, or `undefined` if no byte of the object lies in the range. */
async function openStretch(asked: Asked, range: ByteRange | undefined): Promise<StoredObject | undefined> {
  if (range !== undefined && "suffix" in range && range.suffix === 0) return undefined;
  try {
    return await open(asked, range);
  } catch (error) {
    if (range !== undefined && isStorageError(error, "InvalidRange")) return undefined;
    throw error;
  }
}

async function open({ storage, key, request }: Asked, range: ByteRange | undefined): Promise<StoredObject> {
  return await storage.get(key, { range, signal: request.signal });
}

async function lookAt({ storage, key, request }: Asked): Promise<ObjectInfo> {
  return await storage.head(key, { signal: request.signal });
}

function isCurrent({ storage, request }: Asked, info: ObjectInfo): boolean {
  return isRangeCurrent(request.headers.get("if-range"), validatorsOf(storage, info));
}

/** Returns the answer that the conditions require, or `undefined` if the object has to be sent. */
function judged(asked: Asked, info: ObjectInfo, conditions: Preconditions | undefined): Answer | undefined {
  if (conditions === undefined) return undefined;
  const verdict = judge(conditions, validatorsOf(asked.storage, info));
  if (verdict === "failed") return refusal(412, "PreconditionFailed");
  if (verdict === "proceed") return undefined;
  const {
    "content-type": _type,
    "content-encoding": _encoding,
    "content-language": _language,
    "content-length": _length,
    ...headers
  } = headersOf(asked, info);
  return { status: 304, headers };
}

function whole(asked: Asked, info: ObjectInfo): Answer {
  return { status: 200, headers: headersOf(asked, info) };
}

function withBody(asked: Asked, object: StoredObject): Answer {
  const { info, range } = object;
  return { status: range === undefined ? 200 : 206, headers: headersOf(asked, info, range), body: object };
}

/**
 * Returns the headers of an answer. The headers are written as one object literal: it would take longer to copy objects than to
 * read a small file.
 */
function headersOf(asked: Asked, info: ObjectInfo, range?: ServedRange): AnswerHeaders {
  const { storage, options, overrides } = asked;
  const stored = storedHeaders(served(info, options, overrides), options.inlineTypes);
  const { tag, modifiedSeconds } = validatorsOf(storage, info);
  return {
    "content-type": stored["content-type"],
    "content-encoding": stored["content-encoding"],
    "content-language": stored["content-language"],
    "content-disposition": stored["content-disposition"],
    "content-length": String(range === undefined ? info.size : range.length),
    "content-range": range === undefined ? undefined : contentRange(range),
    "x-content-type-options": SAFE_HEADERS["x-content-type-options"],
    "content-security-policy": SAFE_HEADERS["content-security-policy"],
    "accept-ranges": storage.provider.supports.range ? "bytes" : "none",
    "cache-control": stored["cache-control"] ?? options.cacheControl ?? CACHE_CONTROL_DEFAULT,
    etag: tag === undefined ? undefined : tagText(tag),
    "last-modified":
      modifiedSeconds === undefined ? undefined : new Date(modifiedSeconds * 1000).toUTCString(),
  };
}

function contentRange({ offset, length, size }: ServedRange): string {
  return `bytes ${offset}-${offset + length - 1}/${size}`;
}

/** Returns the facts of an object as they appear in the answer. */
function served(info: ObjectInfo, options: ServeOptions, overrides: ObjectHeaders | undefined): ObjectInfo {
  const contentDisposition = dispositionFor(info, options);
  if (overrides === undefined && contentDisposition === info.contentDisposition) return info;
  const given = Object.entries(overrides ?? {}).filter(([, value]) => value !== undefined);
  return { ...info, contentDisposition, ...Object.fromEntries(given) };
}
