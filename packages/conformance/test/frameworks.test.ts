import { createStorage, fallback, isStorageError, memory, type FileStorage } from "@stowage/core";
import { local } from "@stowage/local";
import { serve } from "@hono/node-server";
import busboy from "busboy";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { once } from "node:events";
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { createServer, get, request as send, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const MIB = 1024 * 1024;
const HOST = "127.0.0.1";
const UPLOAD = Buffer.alloc(5 * MIB, "an upload of five MiB; ");

let folder: string;
let uploads: FileStorage;
let files: FileStorage;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-frameworks-"));
  uploads = createStorage(fallback([memory({ name: "one" }), memory({ name: "two" })]));
  await uploads.put("taken", "by somebody");
  files = createStorage(local({ root: join(folder, "files"), create: true }));
  await files.put("film.mp4", Buffer.alloc(20 * MIB));
});

afterAll(async () => {
  await files.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a handler answers after a put: `taken` is there already, and nothing larger than 1 MiB is wanted elsewhere. */
async function receive(key: string, body: Readable | Request): Promise<number> {
  try {
    await uploads.put(key, body, key === "taken" ? { ifNoneMatch: "*" } : { maxBytes: MIB });
    return 201;
  } catch (error) {
    if (isStorageError(error, "AlreadyExists")) return 409;
    return isStorageError(error, "TooLarge") ? 413 : 500;
  }
}

interface App {
  readonly server: Server;
  readonly close: () => Promise<unknown>;
}

async function listening(server: Server): Promise<App> {
  if (!server.listening) await once(server.listen(0, HOST), "listening");
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
  };
  return { server, close };
}

const frameworks: Readonly<Record<string, () => Promise<App>>> = {
  "node:http": () =>
    listening(
      createServer((request, response) => {
        const key = (request.url ?? "").slice(1);
        if (request.method === "PUT") {
          void receive(key, request).then((status) => response.writeHead(status).end());
        } else void files.get("film.mp4").then((object) => object.readable().pipe(response));
      }),
    ),
  Express: () => {
    const app = express();
    app.put("/:key", (request, response) => {
      void receive(request.params.key, request).then((status) => response.status(status).end());
    });
    app.get("/film.mp4", (_request, response) => {
      void files.get("film.mp4").then((object) => object.readable().pipe(response));
    });
    return listening(createServer(app));
  },
  Fastify: async () => {
    const app = fastify();
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, _payload, done) => done(null));
    app.put<{ Params: { key: string } }>("/:key", async (request, reply) => {
      return await reply.code(await receive(request.params.key, request.raw)).send();
    });
    app.get("/film.mp4", async (_request, reply) => {
      return await reply.send((await files.get("film.mp4")).readable());
    });
    await app.listen({ port: 0, host: HOST });
    return { server: app.server, close: () => app.close() };
  },
  Hono: async () => {
    const app = new Hono();
    app.put("/:key", async (context) => {
      return context.body(null, (await receive(context.req.param("key"), context.req.raw)) as 201);
    });
    app.get("/film.mp4", async () => new Response((await files.get("film.mp4")).body));
    const server = serve({ fetch: app.fetch, port: 0, hostname: HOST }) as Server;
    await once(server, "listening");
    return await listening(server);
  },
};

function portOf({ server }: App): number {
  return (server.address() as AddressInfo).port;
}

/** Resolves with the status of the answer, or with what the connection ended with. */
async function upload(port: number, key: string): Promise<number | string | undefined> {
  return await new Promise((resolve) => {
    const headers = { "content-type": "application/octet-stream" };
    const request = send(
      { host: HOST, port, path: `/${key}`, method: "PUT", agent: false, headers },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    );
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    request.end(UPLOAD);
  });
}

async function openFiles(): Promise<number> {
  const names = await readdir("/proc/self/fd");
  const paths = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")));
  return paths.filter((path) => path.endsWith("film.mp4")).length;
}

describe.each(Object.entries(frameworks))("under %s", (_, start) => {
  it("a client whose upload is refused gets its answer", async () => {
    const app = await start();
    expect([await upload(portOf(app), "taken"), await upload(portOf(app), "large")]).toEqual([409, 413]);
    await app.close();
  });

  it.skipIf(process.platform !== "linux")("clients that leave leave no file open", async () => {
    const app = await start();
    const leave = async (): Promise<void> => {
      const request = get({ host: HOST, port: portOf(app), path: "/film.mp4", agent: false });
      request.on("error", () => {});
      const [answer] = (await once(request, "response")) as [IncomingMessage];
      await once(answer, "data");
      request.destroy();
    };
    await Promise.all(Array.from({ length: 20 }, leave));
    await expect.poll(openFiles, { timeout: 20_000 }).toBe(0);
    await app.close();
  });
});

describe("a form that busboy parses", () => {
  it("ends when the put of its file is refused, before a byte of it was read and after", async () => {
    const answers: number[] = [];
    const server = createServer((request, response) => {
      const form = busboy({ headers: request.headers });
      let status = 201;
      form.on("file", (name, file) => void receive(name, file).then((code) => (status = code)));
      form.on("close", () => response.writeHead(status).end());
      request.pipe(form);
    });
    const app = await listening(server);
    for (const name of ["taken", "large"]) {
      const form = new FormData();
      form.set(name, new Blob([UPLOAD]), "file.bin");
      const answer = await fetch(`http://${HOST}:${portOf(app)}/`, { method: "POST", body: form });
      answers.push(answer.status);
    }
    expect(answers).toEqual([409, 413]);
    await app.close();
  });
});
