import type { IncomingMessage, ServerResponse } from "node:http";
import type { HeaderReader } from "../serve/preconditions.js";

/** A request of either kind, as far as its answer depends on it. */
export interface HttpRequest {
  readonly method: string;
  /** The target as the client spelt it: a path with its query, or a whole address. */
  readonly target: string;
  readonly headers: HeaderReader;
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
  /** The request that the framework gave: to look for its session or its user. */
  readonly source: Request | IncomingMessage;
}

/** Shows a Web request as one of either kind. */
export function webRequest(request: Request): HttpRequest {
  const { method, url, headers, signal } = request;
  return { method, target: url, headers, signal, source: request };
}

/** Shows a request of `node:http` as one of either kind. */
export function nodeRequest(request: IncomingMessage, response: ServerResponse): HttpRequest {
  return {
    method: request.method ?? "GET",
    target: request.url ?? "/",
    headers: nodeHeaders(request),
    signal: signalOf(response),
    source: request,
  };
}

/** Reads headers of `node:http`. Several values of one name are joined, as HTTP allows. */
export function nodeHeaders({ headers }: IncomingMessage): HeaderReader {
  return {
    get: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
  };
}

/** Tells whether a request is one of the Web. */
export function isWebRequest(request: Request | IncomingMessage): request is Request {
  return typeof (request.headers as Partial<Headers>).get === "function";
}

/** Makes a signal that aborts when the connection closes before the answer was sent. */
function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  if (response.destroyed) controller.abort();
  else response.once("close", () => void (response.writableFinished || controller.abort()));
  return controller.signal;
}
