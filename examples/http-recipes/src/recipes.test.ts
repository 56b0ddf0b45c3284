import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createStorage, memory, type FileStorage, type SignedUpload } from "@stowage/core";
import { signed } from "@stowage/http";
import { afterEach, describe, expect, it } from "vitest";
import * as express from "./express.js";
import * as fastify from "./fastify.js";
import * as hono from "./hono.js";
import * as koa from "./koa.js";
import * as nest from "./nest.js";
import * as next from "./next.js";
import * as node from "./node.js";
import { keys } from "./session.js";

/** The most lines that a recipe may have. */
const LINES_MAX = 60;
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const SIGNED_IN = { cookie: "session=1" };
const HOST = "https://files.example.com";

/** Stands for the server of Next, which calls the functions of a route by their method. */
function nextServer(storage: FileStorage): Server {
  const routes = next.routes(storage);
  const answer = async (request: Request): Promise<Response> => {
    const [, route = ""] = new URL(request.url).pathname.split("/");
    return (await routes[route]?.[request.method]?.(request)) ?? new Response(null, { status: 404 });
  };
  const listener = getRequestListener(answer);
  return createServer((request, response) => void listener(request, response));
}

const RECIPES: Readonly<Record<string, (storage: FileStorage) => Server | Promise<Server>>> = {
  node: node.start,
  express: express.start,
  fastify: fastify.start,
  koa: koa.start,
  hono: hono.start,
  next: nextServer,
  nest: nest.start,
};

let running: Server | undefined;

afterEach(async () => {
  const server = running;
  running = undefined;
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
});

async function started(name: string): Promise<{ storage: FileStorage; url: string }> {
  // A signature leaves out the host: the tests ask the server that was started.
  const storage = createStorage(signed(memory(), { baseUrl: `${HOST}/files`, keys }));
  const server = await RECIPES[name]?.(storage);
  if (server === undefined) throw new Error(`${name} has no server`);
  running = server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { storage, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.each(Object.keys(RECIPES))("the recipe for %s", (name) => {
  it("is short", async () => {
    const source = await readFile(new URL(`${name}.ts`, import.meta.url), "utf8");
    expect(source.split("\n").length).toBeLessThanOrEqual(LINES_MAX);
  });

  it("serves files to users who are signed in", async () => {
    const { storage, url } = await started(name);
    await storage.put("videos/a b.bin", Buffer.alloc(200_000, "x"));
    const address = `${url}/files/videos/a%20b.bin`;
    expect((await fetch(address)).status).toBe(403);
    const whole = await fetch(address, { headers: SIGNED_IN });
    expect([whole.status, (await whole.arrayBuffer()).byteLength]).toEqual([200, 200_000]);
    const part = await fetch(address, { headers: { ...SIGNED_IN, range: "bytes=5-9" } });
    expect([part.status, await part.text()]).toEqual([206, "xxxxx"]);
    const etag = whole.headers.get("etag") ?? "";
    expect((await fetch(address, { headers: { ...SIGNED_IN, "if-none-match": etag } })).status).toBe(304);
    expect((await fetch(`${url}/files/missing`, { headers: SIGNED_IN })).status).toBe(404);
  });

  it("receives files, and refuses what it does not want", async () => {
    const { storage, url } = await started(name);
    const send = async (
      bytes: Uint8Array<ArrayBuffer>,
      headers: Record<string, string> = SIGNED_IN,
    ): Promise<Response> => {
      const body = new FormData();
      body.append("file", new Blob([bytes], { type: "image/png" }), "a.png");
      return await fetch(`${url}/upload`, { method: "POST", body, headers });
    };
    const answer = await send(new Uint8Array(PNG));
    expect(answer.status).toBe(201);
    const [key = ""] = (await answer.json()) as string[];
    expect((await storage.head(key)).contentType).toBe("image/png");
    const refused = await send(new TextEncoder().encode("<script>"));
    expect([refused.status, await refused.text()]).toEqual([415, "UnsupportedMediaType\n"]);
    expect((await send(new Uint8Array(PNG), {})).status).toBe(403);
    expect((await storage.listPage()).objects).toHaveLength(1);
  });

  it("makes a link to a file, which works for everybody who has it", async () => {
    const { storage, url } = await started(name);
    await storage.put("videos/1.txt", "hello");
    expect((await fetch(`${url}/link?key=videos/1.txt`)).status).toBe(403);
    const answer = await fetch(`${url}/link?key=videos/1.txt`, { headers: SIGNED_IN });
    const link = ((await answer.json()) as { readonly url: string }).url;
    expect(await (await fetch(link.replace(HOST, url))).text()).toBe("hello");
    expect((await fetch(`${link.replace(HOST, url)}0`)).status).toBe(403);
  });

  it("signs an upload, with a type and a limit", async () => {
    const { storage, url } = await started(name);
    expect((await fetch(`${url}/sign`, { method: "POST" })).status).toBe(403);
    const answer = await fetch(`${url}/sign`, { method: "POST", headers: SIGNED_IN });
    const upload = (await answer.json()) as SignedUpload;
    const { key, method, headers } = upload;
    const target = upload.url.replace(HOST, url);
    const long = await fetch(target, { method, headers, body: new Uint8Array(5_000_001) });
    expect(long.status).toBe(413);
    expect(await storage.exists(key)).toBe(false);
    expect((await fetch(target, { method, headers, body: new Uint8Array(PNG) })).status).toBe(201);
    expect((await storage.head(key)).contentType).toBe("image/png");
  });
});
