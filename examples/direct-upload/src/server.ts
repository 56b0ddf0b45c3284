import { isStorageError, type UploadedPart } from "@stowage/core";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { RefusedError, type Uploads, type Wanted } from "./uploads.js";

/** What a browser is given, by its path. */
const FILES: Readonly<Record<string, readonly [name: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/upload.js": ["upload.js", "text/javascript; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
};

const BODY_BYTES_MAX = 2 * 1024 * 1024;

/** Serves the page, and answers what it asks about its uploads. The files themselves never come here. */
export function createUploadServer(uploads: Uploads): Server {
  return createServer((request, response) => {
    answer(uploads, request, response).catch((error: unknown) => {
      if (error instanceof RefusedError) return send(response, error.status, { error: error.message });
      if (error instanceof TypeError || isStorageError(error, "InvalidArgument")) {
        return send(response, 400, { error: "The request makes no sense" });
      }
      console.error(error);
      const isBusy = isStorageError(error) && error.retryable;
      send(response, isBusy ? 503 : 500, { error: "The storage did not do it" });
    });
  });
}

async function answer(uploads: Uploads, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", url = "/" } = request;
  const { pathname } = new URL(url, "http://localhost");
  const [name, type] = FILES[pathname] ?? [];
  if (method === "GET" && name !== undefined && type !== undefined) {
    const file = await readFile(fileURLToPath(new URL(`../public/${name}`, import.meta.url)));
    response.writeHead(200, { "content-type": type, "x-content-type-options": "nosniff" }).end(file);
    return;
  }
  const [, root, id = "", verb = "", number = ""] = pathname.split("/");
  if (root !== "uploads") return send(response, 404, { error: "There is nothing here" });
  const result = await perform(uploads, `${method} ${verb}`, { id, partNumber: Number(number), request });
  send(response, result === undefined ? 404 : 200, result ?? { error: "There is nothing here" });
}

interface Asked {
  readonly id: string;
  readonly partNumber: number;
  readonly request: IncomingMessage;
}

async function perform(
  uploads: Uploads,
  what: string,
  { id, partNumber, request }: Asked,
): Promise<object | undefined> {
  if (what === "POST ") return await uploads.begin((await json(request)) as Wanted);
  if (what === "POST part") return await uploads.signPart(id, partNumber);
  if (what === "GET parts") return await uploads.parts(id);
  if (what === "POST finish") {
    const { parts = [] } = Object(await json(request)) as { readonly parts?: readonly UploadedPart[] };
    return { url: await uploads.finish(id, parts) };
  }
  if (what === "DELETE ") {
    await uploads.cancel(id);
    return {};
  }
  return undefined;
}

async function json(request: IncomingMessage): Promise<unknown> {
  let received = 0;
  request.on("data", (chunk: Buffer) => {
    received += chunk.byteLength;
    if (received > BODY_BYTES_MAX) request.destroy();
  });
  try {
    return JSON.parse(await text(request)) as unknown;
  } catch {
    throw new RefusedError(400, "The request is not JSON");
  }
}

function send(response: ServerResponse, status: number, result: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(result));
}
