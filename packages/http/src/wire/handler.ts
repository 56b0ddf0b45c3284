import type { IncomingMessage, ServerResponse } from "node:http";
import { errorAnswer, refusal, UNKNOWN_FAILURE, withoutBody, type Answer } from "./answer.js";
import { nodeRequest, webRequest, type HttpRequest } from "./http-request.js";
import { hasTurn } from "./turn.js";
import { tell } from "./tell.js";
import { toResponse } from "./to-response.js";
import { writeAnswer } from "./write-answer.js";

/**
 * The property under which a handler stores its inner function. The inner function makes an `Answer` for Web requests
 * and for `node:http`.
 */
const ANSWER: unique symbol = Symbol.for("stowage.http.answer");

/** A function that answers a request. The function returns `undefined` if the request is meant for a different handler. */
export type Respond = (request: HttpRequest) => Promise<Answer | undefined>;

/**
 * A handler for every framework that uses Web requests. The promise that a handler returns never rejects.
 * {@link toNodeListener} turns the handler into a listener for `node:http`.
 */
export interface HttpHandler {
  (request: Request): Promise<Response>;
  /** Private. */
  readonly [ANSWER]: Handling;
}

/** The inner function of a handler, and its listener for errors. */
export interface Handling {
  readonly respond: Respond;
  readonly onError: ((error: unknown) => void) | undefined;
}

/**
 * A listener for `node:http`, Express and similar frameworks. The listener calls `next` if a request is meant for a
 * different handler.
 */
export type NodeListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => Promise<void>;

/** Makes a handler from a function. An error that the function throws becomes an answer. */
export function handlerOf(respond: Respond, onError?: (error: unknown) => void): HttpHandler {
  const safe: Respond = async (request) => {
    try {
      return forMethod(request, await respond(request));
    } catch (error) {
      const answer = failureAnswer(error);
      if (answer.status >= 500 && !request.signal.aborted) tell(onError, error);
      return forMethod(request, answer);
    }
  };
  const handle = async (request: Request): Promise<Response> => {
    const asked = webRequest(request);
    return toResponse((await safe(asked)) ?? notFound(asked), { onError, signal: asked.signal });
  };
  return Object.assign(handle, { [ANSWER]: { respond: safe, onError } });
}

/**
 * Turns a handler into a listener for `node:http`, Express, Fastify, Koa and Nest. Bodies go from the store to the socket without Web streams.
 *
 * Also register the listener for the event `checkContinue`. The listener can then refuse an upload before the client sends the
 * bytes (`Expect: 100-continue`).
 *
 * @param handler - A handler of this package, for example from `createHandler`.
 * @returns The listener. Its promise resolves when the answer is sent, the client has left or `next` was called. The promise
 * never rejects.
 * @example
 * ```ts
 * createServer(toNodeListener(createHandler(storage, { authorize })));
 * ```
 */
export function toNodeListener(handler: HttpHandler): NodeListener {
  const { respond, onError } = handlingOf(handler);
  return async (request, response, next) => {
    if (!(await hasTurn(request, response))) return;
    const asked = nodeRequest(request, response);
    const answer = await respond(asked);
    if (answer === undefined && next !== undefined) next();
    else await writeAnswer(answer ?? notFound(asked), response, onError);
  };
}

/**
 * Returns the inner function of a handler.
 *
 * @throws TypeError for a function that is not a handler of this package.
 */
export function handlingOf(handler: HttpHandler): Handling {
  const handling = (Object(handler) as Partial<HttpHandler>)[ANSWER];
  if (handling !== undefined) return handling;
  throw new TypeError("The handler must come from createHandler or a similar function of @stowage/http");
}

/** Makes the answer for a failure. Accepts every thrown value. */
function failureAnswer(error: unknown): Answer {
  try {
    return errorAnswer(error);
  } catch {
    // The error throws when its properties are read.
    return UNKNOWN_FAILURE;
  }
}

function notFound(request: HttpRequest): Answer {
  return forMethod(request, refusal(404, "NotFound"));
}

function forMethod({ method }: HttpRequest, answer: Answer): Answer;
function forMethod({ method }: HttpRequest, answer: Answer | undefined): Answer | undefined;
function forMethod({ method }: HttpRequest, answer: Answer | undefined): Answer | undefined {
  return method === "HEAD" && answer?.body !== undefined ? withoutBody(answer) : answer;
}
