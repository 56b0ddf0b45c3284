import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import {
  contentDisposition,
  formFileName,
  isStorageError,
  type FileStorage,
  type ObjectInfo,
} from "@stowage/core";
import { extname } from "node:path";
import {
  checkForm,
  limitsOf,
  requiredFields,
  type FormFile,
  type ReceiveFormOptions,
} from "./form-options.js";
import { HttpError } from "../wire/http-error.js";
import { isWebRequest, nodeHeaders } from "../wire/http-request.js";
import { countParts } from "./count-parts.js";
import { noteFile } from "./failed-file.js";
import { IDLE_MS, openSource } from "./open-source.js";
import { sniff } from "./sniff.js";
import { assertCreateOnly } from "./write-conditions.js";
import { typeOf } from "../serve/stored-headers.js";

/** A stored file of a form. */
export interface ReceivedFile extends FormFile {
  readonly info: ObjectInfo;
}

/** A form that was received completely. */
export interface ReceivedForm {
  /** The values of each field, in the order in which they came. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly files: readonly ReceivedFile[];
}

/** One form that is being received. */
interface Reception {
  readonly storage: FileStorage;
  readonly options: ReceiveFormOptions;
  readonly fields: Map<string, string[]>;
  readonly files: ReceivedFile[];
  /** Stops the parser and every put. The abort reason is the first failure. */
  readonly stop: AbortController;
  /** The puts, one for each file. They never reject. */
  readonly puts: Promise<void>[];
  /** The number of parts that the parser has reported. */
  seen: number;
}

const FIELDS_MAX = 100;
const FIELD_BYTES_MAX = 65_536;
const FILES_MAX = 10;
const HEADER_PAIRS_MAX = 20;
const HEADER_BYTES_MAX = 16_384;

/**
 * Matches a valid boundary parameter of a `Content-Type` header.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
 */
const BOUNDARY =
  /;[ \t]*boundary=(?:"(?<quoted>[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-])"|(?<plain>[A-Za-z0-9'()+_,./:=?-]{1,70}))[ \t]*(?:;|$)/i;

/**
 * Stores each file of a form as a new object, and returns the form's fields and files.
 *
 * Either all files are stored or no file is. If the form is cut off, one of its files is refused, or the client leaves, all
 * files that were already stored are removed. A file is stored while it arrives. So the fields that `key` needs have to come
 * before the file.
 *
 * @returns The fields and the files.
 * @throws HttpError 400 for a form that is malformed or cut off, 413 for a form that exceeds a limit, 415 as
 * {@link receive} throws it; StorageError from `storage.put`, or from `storage.delete` if a stored file could not be
 * removed.
 * @example
 * ```ts
 * export async function POST(request: Request): Promise<Response> {
 *   const { files } = await receiveForm(storage, request, {
 *     maxBytes: 5_000_000,
 *     types: ["image/*"],
 *     key: () => `uploads/${randomUUID()}`,
 *   });
 *   return Response.json(files.map(({ info }) => info.ref), { status: 201 });
 * }
 * ```
 */
export async function receiveForm(
  storage: FileStorage,
  request: Request | IncomingMessage,
  options: ReceiveFormOptions,
): Promise<ReceivedForm> {
  checkForm("receiveForm", options);
  const reception: Reception = {
    storage,
    options,
    fields: new Map(),
    files: [],
    stop: new AbortController(),
    puts: [],
    seen: 0,
  };
  const { parser, boundary } = parserOf(reception, request);
  const source = await openSource(request, { idleMs: options.idleMs ?? IDLE_MS });
  const parts = countParts(boundary);
  try {
    await pipeline(source, parts.stream, parser, { signal: reception.stop.signal });
    if (parts.count() !== reception.seen) {
      fail(reception, malformed("a part has no Content-Disposition: form-data, or has too many headers"));
    }
  } catch (error) {
    fail(reception, malformed(`the form ended early or cannot be parsed: ${String(error)}`));
  }
  await Promise.all(reception.puts);
  const { fields, files, stop } = reception;
  const missing = requiredFields(options).find((name) => !files.some(({ field }) => field === name));
  if (missing !== undefined) {
    fail(reception, new HttpError(400, "MissingFile", `the form has no file in the field ${missing}`));
  }
  if (!stop.signal.aborted) return { fields, files };
  await removeAll(reception);
  throw stop.signal.reason;
}

/** Ends the form with its first failure. Later failures are only consequences of the first one. */
function fail({ stop }: Reception, error: unknown): void {
  // If the reason were `undefined`, the signal would use a default reason.
  if (!stop.signal.aborted)
    stop.abort(error ?? new HttpError(500, "Unknown", "the form failed without a reason"));
}

function malformed(reason: string): HttpError {
  return new HttpError(400, "MalformedForm", `the form is malformed: ${reason}`);
}

function parserOf(reception: Reception, request: Request | IncomingMessage): Parser {
  const { options } = reception;
  const { maxFiles = FILES_MAX, maxFields = FIELDS_MAX, maxFieldBytes = FIELD_BYTES_MAX } = options;
  const { parser, boundary } = openParser(request, {
    files: maxFiles,
    fields: maxFields,
    fieldSize: maxFieldBytes,
    parts: maxFiles + maxFields,
    headerPairs: HEADER_PAIRS_MAX,
    headerSize: HEADER_BYTES_MAX,
  });
  const tooMany = (what: string): void =>
    fail(reception, new HttpError(413, "TooManyParts", `the form has too many ${what}`));
  parser.on("filesLimit", () => tooMany("files"));
  parser.on("fieldsLimit", () => tooMany("fields"));
  parser.on("partsLimit", () => tooMany("parts"));
  parser.on("field", (name, value, _, isCut) => {
    reception.seen++;
    takeField(reception, name, value, isCut);
  });
  parser.on("file", (name, stream, fileName, _, contentType) => {
    // If the form ends in the middle of a file, the parser also reports an error on the file's stream.
    stream.on("error", () => {});
    reception.seen++;
    if (fileName === "") {
      // A file input in which no file was chosen has no file name and no bytes.
      stream
        .on("data", () => fail(reception, malformed('a file has a name that is not allowed, such as ".."')))
        .resume();
      return;
    }
    const shownName = formFileName(fileName ?? "");
    const file = {
      field: name,
      fileName: shownName,
      contentType: typeOf(contentType),
      extension: extensionOf(shownName),
    };
    reception.puts.push(
      storeFile(reception, file, stream).catch((error: unknown) => {
        // If the first failure of the form stops a file, the file fails with the same error.
        if (!reception.stop.signal.aborted) noteFile(error, file);
        stream.destroy();
        fail(reception, error);
      }),
    );
  });
  return { parser, boundary };
}

interface Parser {
  readonly parser: BusboyInstance;
  readonly boundary: string;
}

type Limits = NonNullable<ConstructorParameters<typeof Busboy>[0]["limits"]>;

function openParser(request: Request | IncomingMessage, limits: Limits): Parser {
  const headers = isWebRequest(request) ? request.headers : nodeHeaders(request);
  const contentType = headers.get("content-type") ?? "";
  if (!/^multipart\/form-data[ \t]*(?:;|$)/i.test(contentType)) {
    throw new HttpError(
      415,
      "UnsupportedMediaType",
      "the request is not a form: use receive to store its body as one object",
    );
  }
  const boundary = BOUNDARY.exec(contentType)?.groups;
  const text = boundary?.["quoted"]?.replaceAll(/\\(.)/g, "$1") ?? boundary?.["plain"];
  if (text === undefined) throw malformed("its Content-Type has no boundary");
  // The boundary is put in quotes again, so that the parser and the counter use the same boundary.
  const header = `multipart/form-data; boundary="${text}"`;
  return { parser: new Busboy({ headers: { "content-type": header }, limits }), boundary: text };
}

function takeField(reception: Reception, name: string | undefined, value: string, isCut: boolean): void {
  if (isCut) return fail(reception, new HttpError(413, "TooLarge", "a field of the form is too long"));
  if (name === undefined) return fail(reception, malformed("a part has no field name"));
  const values = reception.fields.get(name) ?? [];
  values.push(value);
  reception.fields.set(name, values);
}

async function storeFile(reception: Reception, file: FormFile, stream: BusboyFileStream): Promise<void> {
  const { storage, options, stop, files, fields } = reception;
  const { cacheControl, metadata, onProgress, keepFileNames = false, overwrite = false } = options;
  const { file: known, body, maxBytes } = await inspected(options, file, stream);
  const key = await options.key(known, fields);
  if (!overwrite) assertCreateOnly(storage, key);
  const info = await storage.put(key, body, {
    contentType: known.contentType,
    maxBytes,
    cacheControl,
    metadata,
    onProgress: onProgress === undefined ? undefined : (progress) => onProgress(progress, known),
    contentDisposition: keepFileNames ? contentDisposition("inline", known.fileName) : undefined,
    ifNoneMatch: overwrite ? undefined : "*",
    signal: stop.signal,
  });
  files.push({ ...known, info });
}

/** A file with its type. If only some types are allowed, the first bytes decide the type. */
interface Inspected {
  readonly file: FormFile;
  readonly body: BusboyFileStream | AsyncIterable<Uint8Array>;
  readonly maxBytes: number;
}

async function inspected(
  options: ReceiveFormOptions,
  file: FormFile,
  stream: BusboyFileStream,
): Promise<Inspected> {
  if (file.field === undefined) throw malformed("a file has no field name");
  const limits = limitsOf(options, file.field);
  if (limits === undefined) {
    throw new HttpError(
      400,
      "UnexpectedFile",
      `the form has a file in the field ${file.field}, which is not allowed`,
    );
  }
  const { maxBytes = options.maxBytes, types = options.types } = limits;
  if (types === undefined) return { file, body: stream, maxBytes };
  const source = await openSource(stream, { idleMs: options.idleMs ?? IDLE_MS });
  const { contentType, extension = file.extension, body } = await sniff(source, file.contentType, types);
  return { file: { ...file, contentType, extension }, body, maxBytes };
}

/**
 * Returns the extension of a file name, for use in a key. Returns an empty text unless the extension consists of 1 to 10 letters and
 * digits.
 */
function extensionOf(fileName: string): string {
  return (
    /^\.(?<extension>[a-z0-9]{1,10})$/.exec(extname(fileName).toLowerCase())?.groups?.["extension"] ?? ""
  );
}

/** Removes the stored files of a form that is refused. */
async function removeAll({ storage, files }: Reception): Promise<void> {
  const isExact = storage.provider.supports.conditionalDelete;
  const removals = files.map(async ({ info: { key, etag } }) => {
    await storage
      .delete(key, isExact && etag !== undefined ? { ifMatch: etag } : {})
      .catch((error: unknown) => {
        // A later write has replaced this object.
        if (!isStorageError(error, "PreconditionFailed")) throw error;
      });
  });
  // If one removal fails, the form still waits for the other removals.
  const failed = (await Promise.allSettled(removals)).find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
