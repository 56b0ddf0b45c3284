import type { FileStorage, ObjectInfo, StorageMultipart, UploadedPart } from "@stowage/core";
import { StorageError } from "@stowage/core/provider";
import { refusalOf } from "./access.js";
import { checkStorage } from "./check-storage.js";
import { jsonAnswer, refusal, type Answer } from "./wire/answer.js";
import { handlerOf, type HttpHandler } from "./wire/handler.js";
import { HttpError } from "./wire/http-error.js";
import type { HttpRequest } from "./wire/http-request.js";
import { assertAllowed } from "./receive/media-types.js";
import { readJson } from "./receive/read-json.js";
import { typeOf } from "./serve/stored-headers.js";
import { splitTarget } from "./wire/target.js";
import { checkUploads, type UploadHandlerOptions, type WantedFile } from "./upload-options.js";
import { bindUpload, unboundUpload } from "./links/upload-token.js";

/** The maximum size of a list of parts, in bytes. This size is enough for 10,000 parts. */
const PARTS_BYTES_MAX = 2_000_000;
/**
 * The maximum size, in bytes, of the facts about a file: its name, its type and its metadata. The facts are read before
 * `authorize` is called, because the key depends on them.
 */
const FILE_BYTES_MAX = 16_384;
const PART_NUMBER = /^(?:[1-9]\d{0,3}|10000)$/;
const METADATA_NAME = /^metadata\[(?<name>.*)\]$/s;

/** One request, with its query. */
interface Call {
  readonly storage: FileStorage;
  readonly options: UploadHandlerOptions;
  readonly request: HttpRequest;
  readonly query: URLSearchParams;
}

/** A request for an upload in parts that an earlier request has begun. */
interface UploadCall extends Call {
  readonly multipart: StorageMultipart;
  readonly key: string;
  readonly uploadId: string;
}

/**
 * Makes a handler for uploads that browsers send straight to the store. The handler has the routes of Uppy's Companion: in Uppy, set
 * `companionEndpoint` to the path of this handler.
 *
 * The server chooses the key of each file. A file is sent in one form, or in parts. The id of an upload in parts works
 * only for its own object and its own caller. The storage must be able to sign forms. S3 can sign forms, but the
 * wrapper `signed` cannot. Uploads in parts need `multipart`.
 *
 * `onUploaded` is not called for a file that is sent in one form. For such a file, the page has to tell your application, and the application calls
 * `storage.finalize(key)`.
 *
 * @throws TypeError for options that are wrong.
 * @see https://uppy.io/docs/aws-s3/
 * @example
 * ```ts
 * const handler = createUploadHandler(storage, {
 *   basePath: "/uploads",
 *   authorize: (request) => request.headers.get("cookie") !== null,
 *   key: () => `uploads/${randomUUID()}`,
 *   maxBytes: 5_000_000_000,
 *   keys: [{ id: "2026", secret: process.env["LINK_SECRET"] ?? "" }],
 * });
 * ```
 */
export function createUploadHandler(storage: FileStorage, options: UploadHandlerOptions): HttpHandler {
  checkStorage("createUploadHandler", storage);
  checkUploads("createUploadHandler", options);
  const base = options.basePath === "/" ? "" : (options.basePath ?? "");
  return handlerOf(async (request) => {
    const { path, query } = splitTarget(request.target);
    if (!path.startsWith(`${base}/s3/`)) return undefined;
    const call = { storage, options, request, query: new URLSearchParams(query) };
    return await route(call, path.slice(base.length + "/s3/".length).split("/"));
  }, options.onError);
}

async function route(call: Call, [name, id, last, ...more]: readonly string[]): Promise<Answer> {
  const { method } = call.request;
  const segments = [name, id, last].filter((segment) => segment !== undefined).length + more.length;
  if (name === "params" && segments === 1) return method === "GET" ? await begin(call) : notAllowed("GET");
  if (name !== "multipart" || segments > 3) return refusal(404, "NotFound");
  if (id === undefined) return method === "POST" ? await create(call) : notAllowed("POST");
  const step = stepOf(method, last);
  return typeof step === "string" ? notAllowed(step) : await withUpload(call, id, step);
}

/** One step of an upload in parts that has already begun. */
type Step = (call: UploadCall) => Promise<Answer>;

/** Finds the step that a request asks for. @returns The step, or the allowed methods if this method is not allowed. */
function stepOf(method: string, last: string | undefined): Step | string {
  if (last === "complete") return method === "POST" ? complete : "POST";
  if (last !== undefined) return method === "GET" ? (call) => signPart(call, last) : "GET";
  if (method === "GET") return listParts;
  return method === "DELETE" ? abort : "GET, DELETE";
}

function notAllowed(allow: string): Answer {
  return refusal(405, "MethodNotAllowed", { allow });
}

/** Makes a form with which the client sends a whole file to the store. */
async function begin(call: Call): Promise<Answer> {
  const { storage, options, query, request } = call;
  const metadata: [string, string][] = [];
  for (const [name, value] of query) {
    const inner = METADATA_NAME.exec(name)?.groups?.["name"];
    if (inner !== undefined) metadata.push([inner, value]);
  }
  const file = wantedFile(query.get("filename"), query.get("type"), Object.fromEntries(metadata));
  const key = await options.key(file, request);
  const refused = await refusalOf(options.authorize, request, { action: "put", key });
  if (refused !== undefined) return refused;
  const { method, url, fields, headers } = await storage.signUpload(key, {
    contentType: allowed(options, file),
    maxBytes: options.maxBytes,
    metadata: options.metadata?.(file),
    signal: request.signal,
  });
  if (method === "POST")
    return jsonAnswer(200, { method, url, fields: { ...fields, key: fields?.["key"] ?? key }, headers });
  throw new StorageError(
    "Unsupported",
    "the provider does not support forms: send the file as an upload in parts",
    {
      operation: "signUpload",
      provider: storage.provider.name,
      key,
    },
  );
}

async function create(call: Call): Promise<Answer> {
  const { storage, options, request } = call;
  const { filename, type, metadata } = await readJson(request, FILE_BYTES_MAX);
  const file = wantedFile(filename, type, metadata);
  const key = await options.key(file, request);
  const refused = await refusalOf(options.authorize, request, { action: "put", key });
  if (refused !== undefined) return refused;
  const { uploadId } = await multipartOf(storage, key).create(key, {
    contentType: allowed(options, file),
    metadata: options.metadata?.(file),
    signal: request.signal,
  });
  const caller = (await options.caller?.(request)) ?? "";
  return jsonAnswer(200, { key, uploadId: bindUpload(options.keys, { uploadId, key, caller }) });
}

/**
 * Runs one step of an upload. The application has to permit the step, and the upload id must belong to this caller and this
 * key. If the id belongs to a different caller or key, the answer is 404.
 */
async function withUpload(call: Call, token: string, step: Step): Promise<Answer> {
  const { storage, options, request, query } = call;
  const key = query.get("key") ?? "";
  const caller = (await options.caller?.(request)) ?? "";
  const uploadId = unboundUpload(options.keys, decoded(token), { key, caller });
  if (uploadId === undefined) return refusal(404, "NotFound");
  const refused = await refusalOf(options.authorize, request, { action: "put", key });
  return refused ?? (await step({ ...call, multipart: multipartOf(storage, key), key, uploadId }));
}

async function signPart({ multipart, key, uploadId, request }: UploadCall, text: string): Promise<Answer> {
  if (!PART_NUMBER.test(text))
    throw new HttpError(400, "PartNumber", "the part number must be a whole number from 1 to 10,000");
  const upload = { uploadId, partNumber: Number(text) };
  const { url, headers } = await multipart.signPart(key, upload, { signal: request.signal });
  return jsonAnswer(200, { url, headers });
}

async function listParts({ multipart, key, uploadId, request }: UploadCall): Promise<Answer> {
  const parts = await multipart.listParts(key, { uploadId }, { signal: request.signal });
  return jsonAnswer(
    200,
    parts.map(({ partNumber, etag, size }) => ({ PartNumber: partNumber, ETag: etag, Size: size })),
  );
}

async function complete(call: UploadCall): Promise<Answer> {
  const { multipart, key, uploadId, request, options } = call;
  const { parts: given } = await readJson(request, PARTS_BYTES_MAX);
  const parts = partsOf(given);
  const sent = await multipart.listParts(key, { uploadId }, { signal: request.signal });
  const bytes = sent.reduce((sum, { size = 0 }) => sum + size, 0);
  if (bytes > options.maxBytes) {
    await multipart.abort(key, { uploadId });
    throw tooLarge(bytes, options);
  }
  const info = await multipart.complete(key, { uploadId, parts });
  if (info.size > options.maxBytes) {
    // The client has sent a part again in the meantime.
    await call.storage.delete(key);
    throw tooLarge(info.size, options);
  }
  await announce(call, info);
  return jsonAnswer(200, { location: info.key, key: info.key });
}

function tooLarge(bytes: number, { maxBytes }: UploadHandlerOptions): HttpError {
  return new HttpError(413, "TooLarge", `the file has ${bytes} bytes, but at most ${maxBytes} are allowed`);
}

/** Tells the application about the new object. The application may still refuse the object. */
async function announce({ storage, options, request }: UploadCall, info: ObjectInfo): Promise<void> {
  try {
    await options.onUploaded?.(info, request);
  } catch (error) {
    await storage.delete(info.key);
    throw error;
  }
}

async function abort({ multipart, key, uploadId }: UploadCall): Promise<Answer> {
  await multipart.abort(key, { uploadId });
  return jsonAnswer(200, {});
}

function wantedFile(fileName: unknown, contentType: unknown, metadata: unknown): WantedFile {
  const name = typeof fileName === "string" ? fileName : "";
  const type = typeOf(typeof contentType === "string" ? contentType : undefined);
  const texts = Object.entries(Object(metadata) as object).filter(([, value]) => typeof value === "string");
  return { fileName: name, contentType: type, metadata: Object.fromEntries(texts) as Record<string, string> };
}

function allowed({ types }: UploadHandlerOptions, { contentType }: WantedFile): string {
  if (types !== undefined) assertAllowed(types, contentType);
  return contentType;
}

function partsOf(given: unknown): readonly UploadedPart[] {
  if (!Array.isArray(given)) throw new HttpError(400, "MalformedParts", "parts must be an array");
  return given.map((part: unknown) => {
    const { PartNumber: partNumber, ETag: etag } = Object(part) as { PartNumber?: unknown; ETag?: unknown };
    if (typeof partNumber === "number" && typeof etag === "string") return { partNumber, etag };
    throw new HttpError(400, "MalformedParts", "a part has no PartNumber or no ETag");
  });
}

function multipartOf(storage: FileStorage, key: string): StorageMultipart {
  if (storage.multipart !== undefined) return storage.multipart;
  throw new StorageError(
    "Unsupported",
    "the provider does not support uploads in parts: send the file in one form",
    {
      operation: "multipart",
      provider: storage.provider.name,
      key,
    },
  );
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}
