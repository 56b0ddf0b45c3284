import { isStored, letGo, UNKNOWN_FAILURE, type Answer, type AnswerHeaders } from "./answer.js";
import { tell } from "./tell.js";

/** The listeners that are used after an answer was made. */
export interface Sending {
  /** Receives the error that cut off the body or made the answer invalid. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Aborts when the client has left, which is not an error. */
  readonly signal?: AbortSignal | undefined;
}

/** Turns an answer into a Web response. An answer with invalid headers becomes a 500. */
export function toResponse(answer: Answer, sending: Sending = {}): Response {
  try {
    return made(answer, sending);
  } catch (error) {
    letGo(answer);
    tell(sending.onError, error);
    return made(UNKNOWN_FAILURE, {});
  }
}

function made({ status, headers, body }: Answer, { onError, signal }: Sending): Response {
  const sent = webHeaders(headers);
  if (!isStored(body)) return new Response(body ?? null, { status, headers: sent });
  if (onError !== undefined) {
    body.readable().once("error", (error: unknown) => signal?.aborted === true || tell(onError, error));
  }
  return new Response(body.body, { status, headers: sent });
}

function webHeaders(headers: AnswerHeaders): Headers {
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") sent.set(name, value);
    else for (const each of value ?? []) sent.append(name, each);
  }
  return sent;
}
