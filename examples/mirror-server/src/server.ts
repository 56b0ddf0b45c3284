import { isStorageError, keyTemplate, type ObjectInfo } from "@stowage/core";
import {
  OPERATOR_ROUTES,
  keyOf,
  parseRange,
  sendJson,
  sendObject,
  serve,
  putRequest,
  remove,
  type Routes,
} from "@stowage/example-tools";
import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { App } from "./app.js";

const videoKey = keyTemplate("videos/{videoId}/{name}");
const thumbnailKey = keyTemplate("thumbnails/{videoId}.jpg");

/** How long a link to the bucket works, in seconds. */
const LINK_SECONDS = 60 * 60;

const ROUTES: Routes<App> = {
  ...OPERATOR_ROUTES,
  "GET /videos": read,
  "HEAD /videos": read,
  "POST /videos": upload,
  "DELETE /videos": removeVideo,
  "GET /thumbnails": read,
  "PUT /thumbnails": replace,
  "DELETE /thumbnails": remove,
};

/** An HTTP server over the mirror. */
export function createMirrorServer(app: App): Server {
  return serve(app, ROUTES);
}

/** `POST /videos?name=clip.mp4`: the body is the file. */
async function upload(app: App, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const name = url.searchParams.get("name") ?? "video.mp4";
  const key = videoKey.key({ videoId: randomUUID().slice(0, 8), name });
  await sendJson(response, 201, shown(await putRequest(app, key, request)));
}

/** `PUT /thumbnails/<video>.jpg`: there is one for each video, and it may be made again. */
async function replace(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  await sendJson(response, 200, shown(await putRequest(app, keyOf(url), request)));
}

function shown({ key, size, contentType, ref, copies }: ObjectInfo): object {
  return { key, size, contentType, ref, copies };
}

/**
 * `GET /videos` lists. `GET /videos/<id>/<name>` sends the client on to the bucket when the object is there, else it
 * serves it from the disk; with `?via=server` it always serves it.
 */
async function read(app: App, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  if (url.pathname === "/videos") return await list(app, response);
  const key = keyOf(url);
  const link = url.searchParams.get("via") === "server" ? undefined : await linkTo(app, key);
  if (link !== undefined) {
    response.writeHead(302, { location: link, "cache-control": "no-store" }).end();
    return;
  }
  const range = parseRange(request.headers.range);
  await sendObject(request, response, await app.storage.get(key, { range }));
}

/** A link to the member that holds the object, if it is one that has links. */
async function linkTo({ storage }: App, key: string): Promise<string | undefined> {
  try {
    return await storage.signedUrl(key, { expiresInSeconds: LINK_SECONDS });
  } catch (error) {
    if (isStorageError(error, "Unsupported")) return undefined;
    throw error;
  }
}

async function list({ storage }: App, response: ServerResponse): Promise<void> {
  const videos = [];
  for await (const { key, size } of storage.list({ prefix: "videos/" })) videos.push({ key, size });
  await sendJson(response, 200, videos);
}

/** A video goes with its thumbnail. */
async function removeVideo(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const videoId = url.pathname.split("/")[2] ?? "";
  await app.storage.delete(thumbnailKey.key({ videoId }));
  await remove(app, request, response, url);
}
