import { setSplitPercent, splitPercent, type ObjectInfo } from "@stowage/core";
import { createHandler, createOperationsHandler, receive, sendError, toNodeListener } from "@stowage/http";
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { MEMBER_STATES, type MemberState } from "./breakable.js";
import type { Composition } from "./composition.js";
import type { Live } from "./live.js";
import { sendAsset } from "./assets.js";
import { createUploads, uploadKey, type Uploads } from "./resumable.js";

/** The options of {@link createSite}. */
export interface SiteOptions {
  /** The folder for uploads that have not arrived whole. */
  readonly home: string;
  readonly live?: Live | undefined;
}

type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

const FILE_BYTES_MAX = 5_000_000_000;
const SWEEP_MS = 60_000;

/** Makes the HTTP server of a composition: its page, its files, its uploads, and the switches of its members. */
export function createSite(composition: Composition, { home, live }: SiteOptions): Server {
  const uploads = createUploads({
    storage: composition.storage,
    directory: join(home, "unfinished"),
    path: "/uploads",
  });
  const routes = routesOf(composition, uploads, live);
  const server = createServer((request, response) => {
    const url = new URL(`http://localhost${request.url ?? "/"}`);
    answer(routes, request, response, url).catch((error: unknown) => sendError(response, error));
  });
  const sweeping = setInterval(() => void uploads.sweep().catch(() => {}), SWEEP_MS);
  server.once("close", () => clearInterval(sweeping));
  return server;
}

async function answer(
  routes: Readonly<Record<string, Route>>,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  // A page of a different site may not press the buttons of this one.
  if (request.headers["sec-fetch-site"] === "cross-site" && request.method !== "GET") {
    return sendJson(response, 403, { error: "This server answers its own page only" });
  }
  const [, first = ""] = url.pathname.split("/");
  const route = routes[`${request.method} /${first}`] ?? routes[`* /${first}`];
  if (route !== undefined) return await route(request, response, url);
  if (request.method === "GET" && (await sendAsset(url.pathname, response))) return;
  sendJson(response, 404, { error: "There is nothing here" });
}

function routesOf(
  composition: Composition,
  uploads: Uploads,
  live: Live | undefined,
): Readonly<Record<string, Route>> {
  const { storage, metrics } = composition;
  const files = toNodeListener(
    createHandler(storage, {
      basePath: "/files",
      authorize: () => true,
      // A link to the bucket where there is one. The page streams, so that a viewer sees a member take over.
      serve: ({ target }) => ({ mode: target.includes("via=server") ? "stream" : "auto" }),
      receive: { maxBytes: FILE_BYTES_MAX, overwrite: true },
      remove: true,
    }),
  );
  const operations = toNodeListener(createOperationsHandler(storage, { metrics }));
  const watch: Route = async (request, response) => await operations(request, response);
  return {
    "* /uploads": async (request, response) => await uploads.server.handle(request, response),
    "* /files": async (request, response) => await files(request, response),
    "POST /files": async (request, response, url) => {
      const name = url.searchParams.get("name") ?? "file";
      const key = uploadKey(randomUUID().slice(0, 8), name);
      // The key is new by its id. Create-only would need an answer of every member.
      const info = await receive(storage, key, request, { maxBytes: FILE_BYTES_MAX, overwrite: true });
      sendJson(response, 201, shown(info, composition));
    },
    "GET /at": async (_request, response, url) => {
      const object = await storage.at(url.searchParams.get("ref") ?? "").get();
      response.writeHead(200, { ...object.headers(), "x-provider": object.info.provider });
      object
        .readable()
        .on("error", () => response.destroy())
        .pipe(response);
    },
    "PUT /members": async (_request, response, url) => turnMember(composition, live, response, url),
    "GET /rollout": async (_request, response) => await showRollout(composition, response),
    "PUT /rollout": async (_request, response, url) => await setRollout(composition, live, response, url),
    "GET /live": async (_request, response) => live?.follow(response),
    "GET /promises": async (_request, response) => sendJson(response, 200, storage.describe()),
    "GET /healthz": watch,
    "GET /readyz": watch,
    "GET /metrics": watch,
  };
}

/** What an application's database keeps of a file, and where its copies are. */
function shown(
  { key, size, contentType, provider, ref, copies }: ObjectInfo,
  composition: Composition,
): object {
  const holder = composition.members.find(({ inner }) => inner.name === provider)?.inner;
  return { key, size, contentType, provider, ref, copies, url: holder?.publicUrl?.(key) ?? null };
}

/** `PUT /members/bucket/down`: the switch of one member. */
function turnMember(
  { members }: Composition,
  live: Live | undefined,
  response: ServerResponse,
  url: URL,
): void {
  const [, , name, state] = url.pathname.split("/");
  const member = members.find(({ inner }) => inner.name === name);
  if (member === undefined || !MEMBER_STATES.includes(state as MemberState)) {
    const names = members.map(({ inner }) => inner.name).join(" or ");
    const error = `PUT /members/NAME/STATE: NAME is ${names}, STATE is ${MEMBER_STATES.join(", ")}`;
    return sendJson(response, 404, { error });
  }
  member.turn(state as MemberState);
  live?.changed();
  sendJson(response, 200, { name, state });
}

async function showRollout({ rollout, journal }: Composition, response: ServerResponse): Promise<void> {
  if (rollout === undefined) return sendJson(response, 404, { error: "This composer has no percentage" });
  const percent = await splitPercent(rollout);
  sendJson(response, 200, { percent, inTransition: (await journal?.counts())?.rows });
}

/** `PUT /rollout/25`: up or down, while files are written. */
async function setRollout(
  composition: Composition,
  live: Live | undefined,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const text = url.pathname.split("/")[2] ?? "";
  const percent = text === "" ? Number.NaN : Number(text);
  if (!(percent >= 0 && percent <= 100)) {
    return sendJson(response, 400, { error: "PUT /rollout/PERCENT: PERCENT is a number from 0 to 100" });
  }
  if (composition.rollout !== undefined) await setSplitPercent(composition.rollout, percent);
  live?.changed();
  await showRollout(composition, response);
}

function sendJson(response: ServerResponse, status: number, content: unknown): void {
  response
    .writeHead(status, { "content-type": "application/json" })
    .end(`${JSON.stringify(content, null, 2)}\n`);
}
