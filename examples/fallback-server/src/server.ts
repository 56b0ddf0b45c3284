import {
  keyOf,
  parseRange,
  sendJson,
  sendObject,
  serve,
  describe,
  putRequest,
  readAt,
  remove,
  type Routes,
} from "@stowage/example-tools";
import { keyTemplate } from "@stowage/core";
import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { App } from "./app.js";

const videoKey = keyTemplate("videos/{videoId}/{name}");

/** Breaks the fake of Cloudinary in the way of this name. @returns Whether there is one. */
type TurnTo = (name: string) => boolean;

type Serving = App & { readonly turnTo: TurnTo };

/** The routes, by method and the first segment of the path. */
const ROUTES: Routes<Serving> = {
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
  return serve({ ...application, turnTo }, ROUTES);
}

/** `POST /videos?name=clip.mp4`: the body is the file, streamed to whichever member takes it. */
async function upload(app: App, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const key = videoKey.key({
    videoId: randomUUID().slice(0, 8),
    name: url.searchParams.get("name") ?? "video.mp4",
  });
  const info = await putRequest(app, key, request);
  const { provider, ref, etag, contentType, unconfirmed } = info;
  const link = app.members.get(provider)?.provider.publicUrl?.(key) ?? null;
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
  await sendObject(request, response, object);
}

async function list({ storage }: App, response: ServerResponse): Promise<void> {
  const videos = [];
  for await (const { key, size, provider } of storage.list({ prefix: "videos/" }))
    videos.push({ key, size, provider });
  await sendJson(response, 200, videos);
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
