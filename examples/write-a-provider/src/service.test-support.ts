import { memory } from "@stowage/core";
import { isStorageError, toBody, type ListOptions, type ObjectInfo } from "@stowage/core/provider";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

const STATUSES: Readonly<Record<string, number>> = {
  InvalidArgument: 400,
  NotFound: 404,
  AlreadyExists: 409,
  PreconditionFailed: 412,
};

/** A file service that runs here, and keeps its objects in memory. */
export interface Service {
  readonly url: string;
  readonly close: () => void;
}

/** Starts the service on a free port of this machine. */
export async function startService(): Promise<Service> {
  const store = memory();
  const server = createServer((request, response) => {
    answer(store, request, response).catch((error: unknown) => refuse(request, response, error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}/objects/`, close };
}

async function answer(
  store: ReturnType<typeof memory>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const key = decodeURIComponent((request.url ?? "").slice("/objects/".length));
  const ifMatch = request.headers["if-match"];
  if (request.method === "PUT") {
    const facts = unpack(request.headers["x-object"]) as ObjectInfo;
    const ifNoneMatch = request.headers["if-none-match"] === "*" ? "*" : undefined;
    const info = await store.put(key, await toBody(request), { ...facts, ifMatch, ifNoneMatch });
    response.writeHead(201, { "x-object": pack(info) }).end();
  } else if (request.method === "DELETE") {
    await store.delete(key, { ifMatch });
    response.writeHead(204).end();
  } else if (key === "") {
    const page = await store.list(unpack(request.headers["x-list"]) as ListOptions);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(page));
  } else {
    const { info, body } = await store.get(key, { ifMatch });
    response.writeHead(200, { "x-object": pack(info), "content-length": info.size });
    await pipeline([request.method === "HEAD" ? "" : body], response);
  }
}

/** Answers with the status of a failure, after the rest of the request. An upload that broke off gets no answer. */
function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const code = isStorageError(error) ? error.code : "Unknown";
  if (request.destroyed && !request.complete) return void response.destroy();
  request.resume().once("end", () => response.writeHead(STATUSES[code] ?? 500).end());
}

function pack(facts: object): string {
  return encodeURIComponent(JSON.stringify(facts));
}

function unpack(header: string | string[] | undefined): unknown {
  return JSON.parse(decodeURIComponent(String(header)));
}
