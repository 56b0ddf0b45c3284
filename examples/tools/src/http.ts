import { isStorageError, type FileStorage, type StorageErrorCode } from "@stowage/core";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

/** What a client is told for each kind of failure; all others are the server's. */
const STATUS: Partial<Record<StorageErrorCode, number>> = {
  NotFound: 404,
  AlreadyExists: 409,
  PreconditionFailed: 412,
  InvalidKey: 400,
  InvalidRange: 416,
  InvalidArgument: 400,
  SourceError: 400,
  TooLarge: 413,
  OutOfSpace: 507,
  RateLimited: 503,
  Unavailable: 503,
  Timeout: 504,
};

export type Handler<App> = (
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void>;

/** By method and the first segment of the path, such as `GET /videos`. */
export type Routes<App> = Readonly<Record<string, Handler<App>>>;

/** A server of some routes. What a route throws becomes its answer. */
export function serve<App>(app: App, routes: Routes<App>): Server {
  return createServer((request, response) => {
    const url = new URL(`http://localhost${request.url ?? "/"}`);
    const handler = routes[`${request.method} /${url.pathname.split("/")[1] ?? ""}`];
    const answered =
      handler?.(app, request, response, url) ?? sendJson(response, 404, { error: "no such route" });
    answered.catch((error: unknown) => sendError(response, error));
  });
}

/** The key that is the whole of a path. */
export function keyOf(url: URL): string {
  return decodeURIComponent(url.pathname.slice(1));
}

export async function sendJson(response: ServerResponse, status: number, content: unknown): Promise<void> {
  response
    .writeHead(status, { "content-type": "application/json" })
    .end(`${JSON.stringify(content, null, 2)}\n`);
}

/** The object, or the range of it that was read; only its headers when the request is a HEAD. */
export async function sendObject(
  request: IncomingMessage,
  response: ServerResponse,
  object: Awaited<ReturnType<FileStorage["get"]>>,
): Promise<void> {
  try {
    const { provider } = object.info;
    response.writeHead(object.range === undefined ? 200 : 206, {
      ...object.headers(),
      "x-provider": provider,
    });
    if (request.method === "HEAD") response.end();
    else await pipeline(object.readable(), response);
  } finally {
    // A client that went away must not leave the file open.
    object.destroy();
  }
}

/** `applied` says whether a write has taken effect all the same. */
function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known = isStorageError(error);
  const status = known ? (STATUS[error.code] ?? 500) : error instanceof URIError ? 400 : 500;
  const content = known
    ? { code: error.code, error: error.message, key: error.key, applied: error.applied }
    : { error: "the request failed" };
  sendJson(response, status, content).catch(() => response.destroy());
}
