import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { isUtf8 } from "node:buffer";
import { RefusedError, orAborted } from "@stowage/core/provider";
import { S3FailureError, type S3Call } from "../server/client.js";
import type { Dialect } from "../server/dialect.js";
import { digestOf } from "../server/digest.js";
import type { CommandInput, CommandName, CommandOutput, Commands } from "../requests/commands.js";
import { failureOf, senseless } from "../connection/failure.js";
import { localFailure, unsent } from "../connection/local-failure.js";
import { LongBodyError, readBody } from "../connection/read-body.js";
import { safeName } from "../connection/safe-cause.js";
import { readRefusal, ForeignAnswerError, type Output } from "./answers.js";
import { encodeQuery } from "./encode.js";
import { exchange, UnansweredError, type Outgoing, type Target } from "./exchange.js";
import { headerFields } from "./header-fields.js";
import type { KeySource } from "./keys.js";
import { OPERATIONS, plainRequest, type OperationOfS3, type Plain } from "./operations.js";
import { sha256, UNSIGNED_PAYLOAD, type Keys, type Sign } from "./sign.js";
import type { ServerClock } from "./server-clock.js";
import { XmlError } from "./xml.js";

/** The options of {@link ownCommands}. */
export interface WireOptions {
  /** Returns the server, and the path of the bucket at this server. */
  readonly address: () => Address;
  readonly keys: KeySource;
  /** Returns the signer. Throws an {@link S3FailureError} if the region is not known. */
  readonly sign: () => Sign;
  readonly unsignedPayload: boolean;
  readonly dialect: Pick<Dialect, "deletesWithMd5">;
  readonly clock: ServerClock;
}

/** The place of a bucket. */
export interface Address extends Target {
  /** The value of the header `Host`. */
  readonly host: string;
  /** The path in front of a key, without a slash at its end. Empty if the bucket stands in the host's name. */
  readonly path: string;
}

const USER_AGENT = `stowage-s3 md/nodejs#${process.versions.node}`;
const NOTHING = sha256("");

/** The maximum size of a document in an answer, in bytes. A page of a listing has at most about 8 MiB. */
const DOCUMENT_BYTES_MAX = 32 * 1024 * 1024;
/** The maximum size of a refusal's document, in bytes. */
const REFUSAL_BYTES_MAX = 256 * 1024;

/**
 * The commands whose successful answer always contains a document. An answer without a document means that the server
 * gave up.
 */
const MUST_ANSWER: ReadonlySet<CommandName> = new Set([
  "CopyObject",
  "UploadPartCopy",
  "CompleteMultipartUpload",
]);

/** Makes the commands that are sent by Node's own HTTP client, without the SDK. */
export function ownCommands(options: WireOptions): Commands {
  const send = async <Name extends CommandName>(
    name: Name,
    input: CommandInput<Name>,
    call: S3Call,
  ): Promise<CommandOutput<Name>> => {
    const operation = OPERATIONS[name];
    const fields = input as object as Record<string, unknown>;
    const request = { operation, plain: beforeSending(() => plainRequest(name, fields)) };
    const answer = await ask(options, request, operation.isRepeatable(fields), call);
    return (await outputOf(name, operation, answer)) as object as CommandOutput<Name>;
  };
  return { send, clockOffsetMs: () => options.clock.offsetMs };
}

interface Asked {
  readonly operation: OperationOfS3;
  readonly plain: Plain;
}

/** Does a step before a request is sent. If the step fails, its error says that nothing was sent. */
function beforeSending<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw error instanceof S3FailureError ? error : notSent(error);
  }
}

function notSent(error: unknown): S3FailureError {
  return new S3FailureError(localFailure(error) ?? unsent("NotSent", error, safeName(Object(error).name)));
}

/** Sends a request and waits for an answer with a status that means success. */
async function ask(
  options: WireOptions,
  { operation, plain }: Asked,
  isRepeatable: boolean,
  call: S3Call,
): Promise<IncomingMessage> {
  const address = beforeSending(options.address);
  const keys = await keysFor(options, call.signal);
  const send = async (): Promise<IncomingMessage> => {
    const outgoing = beforeSending(() => signed(options, address, operation, plain, keys));
    try {
      return await exchange(address, outgoing, call);
    } catch (error) {
      const isKnown = error instanceof UnansweredError || error instanceof RefusedError;
      throw isKnown || call.signal?.aborted === true ? error : notSent(error);
    }
  };
  let first: UnansweredError | undefined;
  const sendAgain = async (error: unknown): Promise<IncomingMessage> => {
    if (!(error instanceof UnansweredError)) throw error;
    if (!isRepeatable || !error.course.isOnDeadConnection) throw unanswered(error);
    first = error;
    // The other idle connections to the server are likely to be dead too.
    closeIdle(address);
    return await send();
  };
  try {
    const message = await send().catch(sendAgain);
    return await successOf(options, message, keys);
  } catch (error) {
    throw afterFirst(first, error, call.signal);
  }
}

/** Returns an answer if its status means success. Otherwise throws the failure that the answer describes. */
async function successOf(
  options: WireOptions,
  message: IncomingMessage,
  keys: Keys,
): Promise<IncomingMessage> {
  options.clock.learn(message.headers.date);
  const { statusCode: status = 0 } = message;
  if (status >= 200 && status < 300) return message;
  const failure = await refusalOf(message);
  if (/^(?:ExpiredToken|InvalidToken|TokenRefresh)/.test(failure.failure.code)) options.keys.forget(keys);
  throw failure;
}

/**
 * Returns the error of a request that was sent a second time. If the server may have carried out the first sending, the error of
 * the second sending does not prove that nothing was changed.
 */
function afterFirst(
  first: UnansweredError | undefined,
  error: unknown,
  signal: AbortSignal | undefined,
): unknown {
  const last = error instanceof UnansweredError ? unanswered(error) : error;
  if (first === undefined || first.course.isPartial || signal?.aborted === true) return last;
  if (last instanceof RefusedError) return unanswered(first);
  if (!(last instanceof S3FailureError)) return last;
  return new S3FailureError({ ...last.failure, applied: "unknown" });
}

function closeIdle({ agent }: Target): void {
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}

/** Returns the keys. Rejects when the signal aborts, also while the source of the keys does not answer. */
async function keysFor({ keys, clock }: WireOptions, signal: AbortSignal | undefined): Promise<Keys> {
  signal?.throwIfAborted();
  const found = keys.get(clock.now());
  return found instanceof Promise ? await orAborted(found, signal) : found;
}

function signed(
  { sign, unsignedPayload, dialect, clock }: WireOptions,
  address: Address,
  { hasDigest, document }: OperationOfS3,
  { method, path, query, headers: given, body }: Plain,
  keys: Keys,
): Outgoing {
  const headers: Record<string, string> = { host: address.host, "user-agent": USER_AGENT, ...given };
  if (body !== undefined) headers["content-length"] = String(body.byteLength);
  else if (method === "PUT" || method === "POST") headers["content-length"] = "0";
  if (hasDigest === true && body !== undefined) addDigest(headers, body, dialect);
  const isUnsigned = unsignedPayload && body !== undefined && document === undefined;
  const payloadHash = isUnsigned ? UNSIGNED_PAYLOAD : body === undefined ? NOTHING : sha256(body);
  const whole = path === undefined ? address.path || "/" : `${address.path}/${path}`;
  const text = encodeQuery(query);
  sign()({ method, path: whole, query: text, headers, payloadHash }, keys, clock.now());
  return { method, path: text === "" ? whole : `${whole}?${text}`, headers: listOf(headers), body };
}

/** Returns names and values in turn. */
function listOf(headers: Readonly<Record<string, string>>): readonly string[] {
  const list: string[] = [];
  for (const name in headers) list.push(name, headers[name] ?? "");
  return list;
}

function addDigest(
  headers: Record<string, string>,
  body: Uint8Array,
  { deletesWithMd5 }: Pick<Dialect, "deletesWithMd5">,
): void {
  if (deletesWithMd5) {
    headers["content-md5"] = digestOf(body, "md5").value;
    return;
  }
  headers["x-amz-checksum-crc32"] = digestOf(body, "crc32").value;
  headers["x-amz-sdk-checksum-algorithm"] = "CRC32";
}

interface Metadata {
  readonly httpStatusCode: number | undefined;
  readonly requestId: string | undefined;
}

function metadataOf({ statusCode, headers }: IncomingMessage): Metadata {
  const id = headers["x-amz-request-id"] ?? headers["x-amzn-requestid"] ?? headers["x-amzn-request-id"];
  return { httpStatusCode: statusCode, requestId: typeof id === "string" ? id : undefined };
}

async function outputOf(
  name: CommandName,
  { isStream, read }: OperationOfS3,
  message: IncomingMessage,
): Promise<Output> {
  const { headers } = message;
  const $metadata = metadataOf(message);
  if (isStream === true) return answerOf(headers, $metadata, message);
  const bytes = await wholeBody(message, DOCUMENT_BYTES_MAX);
  if (bytes.byteLength === 0) {
    if (MUST_ANSWER.has(name))
      throw failureIn("InternalError", undefined, { ...$metadata, httpStatusCode: 503 }, headers);
    if (read !== undefined) throw senseless($metadata);
    return answerOf(headers, $metadata);
  }
  if (isRefusal(bytes)) throw failed(bytes.toString(), { ...$metadata, httpStatusCode: 503 }, headers);
  if (read === undefined) return answerOf(headers, $metadata);
  if (!isUtf8(bytes)) throw senseless($metadata);
  try {
    return { ...headerFields(headers), ...read(bytes.toString()), $metadata };
  } catch (error) {
    throw error instanceof XmlError || error instanceof ForeignAnswerError ? senseless($metadata) : error;
  }
}

function answerOf(headers: IncomingHttpHeaders, metadata: Metadata, body?: IncomingMessage): Output {
  const fields = headerFields(headers);
  fields["Body"] = body;
  fields["$metadata"] = metadata;
  return fields;
}

/** Tells whether an answer with a successful status contains a document that reports a failure. */
function isRefusal(bytes: Buffer): boolean {
  return bytes.subarray(-16).toString("latin1").trimEnd().endsWith("</Error>");
}

async function wholeBody(message: IncomingMessage, mostBytes: number): Promise<Buffer> {
  try {
    return await readBody(message, mostBytes);
  } catch (error) {
    if (error instanceof LongBodyError) throw senseless(metadataOf(message));
    throw new S3FailureError(failureOf(error));
  }
}

/** Returns the failure that an answer describes. Its document may be missing, cut off, or somebody else's. */
async function refusalOf(message: IncomingMessage): Promise<S3FailureError> {
  const text = await readBody(message, REFUSAL_BYTES_MAX).then(String, () => "");
  return failed(text, metadataOf(message), message.headers);
}

function failed(text: string, metadata: Metadata, headers: IncomingHttpHeaders): S3FailureError {
  const refusal = readRefusal(text);
  const code = refusal?.code ?? (metadata.httpStatusCode === 404 ? "NotFound" : "Unknown");
  return failureIn(code, refusal, metadata, headers);
}

function failureIn(
  name: string,
  refusal: { readonly message?: string | undefined; readonly region?: string | undefined } | undefined,
  $metadata: Metadata,
  headers: IncomingHttpHeaders,
): S3FailureError {
  const { message, region } = refusal ?? {};
  return new S3FailureError(failureOf({ name, message, Region: region, $metadata, $response: { headers } }));
}

/** Returns the failure of a request without an answer. */
function unanswered({ cause, course: { isPartial } }: UnansweredError): unknown {
  if (cause instanceof RefusedError || cause instanceof S3FailureError) return cause;
  const failure = failureOf(cause ?? Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }));
  return new S3FailureError(isPartial ? { ...failure, applied: "no" } : failure);
}
