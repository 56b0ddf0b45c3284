import { isStorageError, keyTemplate, type StorageErrorCode } from "@stowage/core";
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { App } from "./app.js";
import { parseRange } from "./range.js";

const videoKey = keyTemplate("videos/{videoId}/{name}");

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

/** Breaks the fake of Cloudinary in the way of this name. @returns Whether there is one. */
type TurnTo = (name: string) => boolean;

type Serving = App & { readonly turnTo: TurnTo };

type Handler = (app: Serving, request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

/** The routes, by method and the first segment of the path. */
const ROUTES: Readonly<Record<string, Handler>> = {
  "GET /videos": read,
  "HEAD /videos": read,
  "POST /videos": upload,
  "DELETE /videos": remove,
  "GET /at": readAt,
  "PUT /cloudinary": breakCloudinary,
  "GET /members": showMembers,
  "PUT /members": turnMember,
  "GET /": describe,
};

/** An HTTP server over the storage. @param turnTo - Default: there is no fake. */
export function createVideoServer(application: App, turnTo: TurnTo = () => false): Server {
  const app = { ...application, turnTo };
  return createServer((request, response) => {
    const url = new URL(`http://localhost${request.url ?? "/"}`);
    const handler = ROUTES[`${request.method} /${url.pathname.split("/")[1] ?? ""}`];
    const answered =
      handler?.(app, request, response, url) ?? sendJson(response, 404, { error: "no such route" });
    answered.catch((error: unknown) => sendError(response, error));
  });
}

/** `POST /videos?name=clip.mp4`: the body is the file, streamed to whichever member takes it. */
async function upload(
  { storage, members }: App,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const key = videoKey.key({
    videoId: randomUUID().slice(0, 8),
    name: url.searchParams.get("name") ?? "video.mp4",
  });
  const length = request.headers["content-length"];
  const size = length === undefined ? undefined : Number(length);
  const info = await storage.put(key, request, { size });
  const { provider, ref, etag, contentType, unconfirmed } = info;
  const link = members.get(provider)?.provider.publicUrl?.(key) ?? null;
  await sendJson(response, 201, {
    key,
    size: info.size,
    contentType,
    provider,
    ref,
    url: link,
    etag,
    unconfirmed,
  });
}

/** `GET /videos` lists; `GET /videos/<id>/<name>` reads, a range when one is asked for. */
async function read(app: App, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  if (url.pathname === "/videos") return await list(app, response);
  const range = parseRange(request.headers.range);
  const object = await app.storage.get(keyOf(url), { range });
  await send(request, response, object);
}

/** `GET /at?ref=…`: reads what a ref from an old database row points to. */
async function readAt(
  { storage }: App,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  await send(request, response, await storage.at(url.searchParams.get("ref") ?? "").get());
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  object: Awaited<ReturnType<App["storage"]["get"]>>,
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

async function list({ storage }: App, response: ServerResponse): Promise<void> {
  const videos = [];
  for await (const { key, size, provider } of storage.list({ prefix: "videos/" }))
    videos.push({ key, size, provider });
  await sendJson(response, 200, videos);
}

async function remove(
  { storage }: App,
  _: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  await storage.delete(keyOf(url));
  response.writeHead(204).end();
}

async function showMembers({ members }: App, _: IncomingMessage, response: ServerResponse): Promise<void> {
  const states = [...members].map(([name, { isUp }]) => [name, isUp() ? "up" : "down"]);
  await sendJson(response, 200, Object.fromEntries(states));
}

/** `PUT /members/first/down` and `…/up`: the switch. */
async function turnMember(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const [, , name = "", state] = url.pathname.split("/");
  const member = app.members.get(name);
  if (member === undefined || (state !== "up" && state !== "down")) {
    return await sendJson(response, 404, { error: "PUT /members/<name>/up or …/down" });
  }
  member.turn(state);
  await showMembers(app, request, response);
}

/** `PUT /cloudinary/reset`: the switches of the fake. */
async function breakCloudinary(
  { turnTo }: Serving,
  _: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const name = url.pathname.split("/")[2] ?? "";
  if (turnTo(name)) return await sendJson(response, 200, { cloudinary: name });
  await sendJson(response, 404, { error: "there is no fake, or no such switch" });
}

async function describe({ storage }: App, _: IncomingMessage, response: ServerResponse): Promise<void> {
  await sendJson(response, 200, storage.describe());
}

function keyOf(url: URL): string {
  return decodeURIComponent(url.pathname.slice(1));
}

async function sendJson(response: ServerResponse, status: number, content: unknown): Promise<void> {
  response
    .writeHead(status, { "content-type": "application/json" })
    .end(`${JSON.stringify(content, null, 2)}\n`);
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known = isStorageError(error);
  const status = known ? (STATUS[error.code] ?? 500) : error instanceof URIError ? 400 : 500;
  const content = known ? { code: error.code, error: error.message } : { error: "the request failed" };
  sendJson(response, status, content).catch(() => response.destroy());
}
