import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { StoredObject } from "@stowage/core";
import { errorAnswer, type Answer, type AnswerHeaders } from "./answer.js";
import { tell } from "./tell.js";
import { isStored } from "./to-response.js";

/** A smaller body is sent with its headers in one piece; a failure to read it still becomes a status. */
const WHOLE_BYTES_MAX = 65_536;

/**
 * Writes an answer to a response of `node:http`. Resolves when it is sent, or when its client has left; never rejects.
 *
 * @param onError - Receives what cut off the body.
 */
export async function writeAnswer(
  answer: Answer,
  response: ServerResponse,
  onError?: (error: unknown) => void,
): Promise<void> {
  const { status, headers, body } = answer;
  if (response.headersSent || response.destroyed) {
    if (isStored(body)) body.destroy();
    return;
  }
  if (!isStored(body)) {
    response.writeHead(status, present(headers)).end(body);
    return;
  }
  if (Number(headers["content-length"]) <= WHOLE_BYTES_MAX) await writeWhole(answer, body, response, onError);
  else await writeStream(answer, body, response, onError);
}

async function writeWhole(
  { status, headers }: Answer,
  object: StoredObject,
  response: ServerResponse,
  onError: ((error: unknown) => void) | undefined,
): Promise<void> {
  let bytes: Uint8Array;
  try {
    bytes = await object.bytes();
  } catch (error) {
    if (response.destroyed) return;
    tell(onError, error);
    const answer = errorAnswer(error);
    response.writeHead(answer.status, present(answer.headers)).end(answer.body);
    return;
  }
  response.writeHead(status, present(headers)).end(bytes);
}

async function writeStream(
  { status, headers }: Answer,
  object: StoredObject,
  response: ServerResponse,
  onError: ((error: unknown) => void) | undefined,
): Promise<void> {
  response.writeHead(status, present(headers));
  try {
    await pipeline(object.readable(), response);
  } catch (error) {
    // `pipeline` has destroyed both: a client sees that its answer was cut off.
    if (!isLeft(error)) tell(onError, error);
  } finally {
    object.destroy();
  }
}

/** Tells whether the client has left, which is no fault. */
function isLeft(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ECONNRESET" || code === "EPIPE";
}

function present(headers: AnswerHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}
