import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { StoredObject } from "@stowage/core";
import { errorAnswer, isStored, letGo, UNKNOWN_FAILURE, type Answer, type AnswerHeaders } from "./answer.js";
import { pour } from "./pour.js";
import { tell } from "./tell.js";

/**
 * The size, in bytes, up to which a stored object is sent in one piece with its headers. If the read of such an object fails,
 * the client can still get an error status.
 */
const WHOLE_BYTES_MAX = 65_536;

type OnError = ((error: unknown) => void) | undefined;

/**
 * Writes an answer to a response of `node:http`. Resolves when the answer is sent or the client has left. Never
 * rejects.
 *
 * @param onError - Receives the error that cut off the body or made the answer invalid.
 */
export async function writeAnswer(
  answer: Answer,
  response: ServerResponse,
  onError?: OnError,
): Promise<void> {
  const { headers, body } = answer;
  if (response.headersSent || response.destroyed) return letGo(answer);
  if (!isStored(body)) return writeAtOnce(answer, body, response, onError);
  if (Number(headers["content-length"]) <= WHOLE_BYTES_MAX) await writeWhole(answer, body, response, onError);
  else await writeStream(answer, body, response, onError);
}

async function writeWhole(
  answer: Answer,
  object: StoredObject,
  response: ServerResponse,
  onError: OnError,
): Promise<void> {
  try {
    const bytes = await object.bytes();
    writeAtOnce(answer, bytes, response, onError);
  } catch (error) {
    if (response.destroyed) return;
    tell(onError, error);
    writeAtOnce(errorAnswer(error), undefined, response, onError);
  }
}

async function writeStream(
  answer: Answer,
  object: StoredObject,
  response: ServerResponse,
  onError: OnError,
): Promise<void> {
  try {
    if (!writeHead(answer, response, onError)) return;
    const stream = object.readable();
    if (!(await pour(stream, response))) await pipeline(stream, response);
  } catch (error) {
    // The broken connection shows the client that the answer was cut off.
    response.destroy();
    if (!isLeft(error)) tell(onError, error);
  } finally {
    object.destroy();
  }
}

/**
 * Writes an answer with a body that is in memory.
 *
 * @param body - The bytes to send. The default is the body of the answer.
 */
function writeAtOnce(
  answer: Answer,
  body: Uint8Array | string | undefined,
  response: ServerResponse,
  onError: OnError,
): void {
  const own = isStored(answer.body) ? undefined : answer.body;
  if (writeHead(answer, response, onError)) response.end(body ?? own);
}

/**
 * Writes the status and headers. If Node refuses the headers, writes a 500 instead.
 *
 * @returns `true` if the body may follow.
 */
function writeHead({ status, headers }: Answer, response: ServerResponse, onError: OnError): boolean {
  try {
    response.writeHead(status, nodeHeaders(headers));
    return true;
  } catch (error) {
    tell(onError, error);
    if (response.headersSent) response.destroy();
    else
      response
        .writeHead(UNKNOWN_FAILURE.status, nodeHeaders(UNKNOWN_FAILURE.headers))
        .end(UNKNOWN_FAILURE.body);
    return false;
  }
}

/** Tells whether an error only means that the client has left, which is not a failure. */
function isLeft(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ECONNRESET" || code === "EPIPE";
}

function nodeHeaders(headers: AnswerHeaders): OutgoingHttpHeaders {
  const sent: OutgoingHttpHeaders = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) sent[name] = typeof value === "string" ? value : [...value];
  }
  return sent;
}
