import { keyTemplate, setSplitPercent, splitPercent, type ObjectInfo } from "@stowage/core";
import {
  OPERATOR_ROUTES,
  keyOf,
  parseRange,
  sendJson,
  sendObject,
  serve,
  putRequest,
  readAt,
  remove,
  type Routes,
} from "@stowage/example-tools";
import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { extname } from "node:path";
import type { App } from "./app.js";

const fileKey = keyTemplate("files/{year}/{month}/{day}/{name}_{timestamp}{extension}");

const ROUTES: Routes<App> = {
  ...OPERATOR_ROUTES,
  "GET /files": read,
  "HEAD /files": read,
  "POST /files": upload,
  "PUT /files": replace,
  "DELETE /files": remove,
  "GET /at": readAt,
  "GET /rollout": showRollout,
  "PUT /rollout": setRollout,
};

/** An HTTP server over the split. */
export function createRolloutServer(app: App): Server {
  return serve(app, ROUTES);
}

/** `POST /files?name=page.pdf`: the body is the file. */
async function upload(app: App, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const name = createHash("sha256").update(randomUUID()).digest("hex").slice(0, 16);
  const key = fileKey.key({ name, extension: extname(url.searchParams.get("name") ?? "") });
  await sendJson(response, 201, shown(await putRequest(app, key, request)));
}

async function replace(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  await sendJson(response, 200, shown(await putRequest(app, keyOf(url), request)));
}

/** What the application's database keeps: the ref reads wherever the object is by then. */
function shown({ key, size, contentType, provider, ref }: ObjectInfo): object {
  return { key, size, contentType, provider, ref };
}

/** `GET /files` lists; `GET /files/…` reads, a range when one is asked for. */
async function read(
  { storage }: App,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  if (url.pathname !== "/files") {
    const range = parseRange(request.headers.range);
    return await sendObject(request, response, await storage.get(keyOf(url), { range }));
  }
  const files = [];
  for await (const { key, size, provider } of storage.list({ prefix: "files/" }))
    files.push({ key, size, provider });
  await sendJson(response, 200, files);
}

async function showRollout(
  { rollout, storage }: App,
  _: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { journals = [] } = await storage.health();
  await sendJson(response, 200, { percent: await splitPercent(rollout), inTransition: journals[0]?.rows });
}

/** `PUT /rollout/25`: up or down, for every process that shares the journal. */
async function setRollout(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const text = url.pathname.split("/")[2] ?? "";
  try {
    await setSplitPercent(app.rollout, text === "" ? Number.NaN : Number(text));
  } catch (error) {
    if (error instanceof TypeError) return await sendJson(response, 400, { error: error.message });
    throw error;
  }
  await showRollout(app, request, response);
}
