import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The controllers of open connections. */
const controllers = new WeakMap<Socket, AbortController>();

/** The headers of a request, by lower-case name. */
export interface HeaderReader {
  readonly get: (name: string) => string | null | undefined;
}

/** A request with a body that can be received. */
export interface Incoming {
  readonly headers: HeaderReader;
  /** The framework's own request, in which the application can find its session or its user. */
  readonly source: Request | IncomingMessage;
  /**
   * The signal that aborts when the client has left. Absent if the caller gave a Node request without its response. In
   * that case, only a body that ends early shows that the client has left.
   */
  readonly signal?: AbortSignal | undefined;
  /** Tells the client to send its body, if the client waits for that (`Expect: 100-continue`). */
  readonly proceed?: (() => void) | undefined;
}

/** The parts of a Web or Node request that an answer depends on. */
export interface HttpRequest extends Incoming {
  readonly method: string;
  /** The target exactly as the client sent it: a path with its query, or a whole address. */
  readonly target: string;
  readonly signal: AbortSignal;
}

/** Returns the parts of a Web request. */
export function webRequest(request: Request): HttpRequest {
  const { method, url, headers, signal } = request;
  return { method, target: url, headers, signal, source: request };
}

/** Returns the parts of a `node:http` request. */
export function nodeRequest(request: IncomingMessage, response: ServerResponse): HttpRequest {
  // Clients of HTTP versions before 1.1 do not know the header `Expect`.
  const isNewer = request.httpVersionMajor > 1 || request.httpVersionMinor >= 1;
  const isWaiting = isNewer && request.headers.expect?.toLowerCase() === "100-continue";
  return {
    method: request.method ?? "GET",
    target: request.url ?? "/",
    headers: nodeHeaders(request),
    signal: signalOf(request, response),
    source: request,
    // If the server has already told the client to send, the client is told twice. HTTP allows this.
    proceed: isWaiting ? () => response.writeContinue() : undefined,
  };
}

/** Returns the parts of a request whose response is not known. */
export function incomingOf(request: Request | IncomingMessage): Incoming {
  return isWebRequest(request) ? webRequest(request) : { headers: nodeHeaders(request), source: request };
}

/** Reads headers of `node:http`. If a name has several values, they are joined, as HTTP allows. */
export function nodeHeaders({ headers }: IncomingMessage): HeaderReader {
  return {
    get: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
  };
}

/** Tells whether a request is a Web `Request`. */
export function isWebRequest(request: Request | IncomingMessage): request is Request {
  return typeof (request.headers as Partial<Headers>).get === "function";
}

/**
 * Returns a signal that aborts when the connection closes before the answer was sent. The requests of a connection are
 * answered one after the other, so they share one signal. A new signal for each request would take as long as reading a
 * small file.
 */
function signalOf(request: IncomingMessage, response: ServerResponse): AbortSignal {
  const controller = controllerOf(request);
  if (response.destroyed) controller.abort();
  else response.once("close", () => void (response.writableFinished || controller.abort()));
  return controller.signal;
}

/** Returns the controller of a connection. The streams of HTTP/2 run at the same time, so each stream has its own controller. */
function controllerOf({ httpVersionMajor, socket }: IncomingMessage): AbortController {
  const known = httpVersionMajor === 1 ? controllers.get(socket) : undefined;
  if (known?.signal.aborted === false) return known;
  const controller = new AbortController();
  if (httpVersionMajor === 1) controllers.set(socket, controller);
  return controller;
}
