import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import {
  createStorage,
  memory,
  mirror,
  memoryJournal,
  StorageError,
  type FileStorage,
  type StorageProvider,
} from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import type { Authorize } from "./access.js";
import { createHandler, type HandlerOptions } from "./create-handler.js";
import { receive } from "./receive/receive.js";
import { serve } from "./serve/serve.js";
import { SINKS, counting, listen, type Running } from "./testing/servers.test-support.js";
import { errorFacts, errorResponse } from "./wire/error-response.js";
import { toNodeListener } from "./wire/handler.js";
import { HttpError } from "./wire/http-error.js";
import { httpStatus } from "./wire/status.js";

const allow: Authorize = () => true;
let running: Running | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function served(storage: FileStorage, options: Partial<HandlerOptions> = {}): Promise<number> {
  const handler = createHandler(storage, { authorize: allow, ...options });
  running = await listen(SINKS["node:http"](handler));
  return Number(new URL(running.url).port);
}

/** Sends raw text, and resolves with what came until `isEnough`. */
async function talk(port: number, text: string, isEnough: (answer: string) => boolean): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  await new Promise<void>((resolve) => {
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
      if (isEnough(answer)) resolve();
    });
    socket.write(text);
  });
  socket.destroy();
  return answer;
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(setImmediate);
}

function request(init: RequestInit & { readonly duplex?: "half" } = {}, path = "/a"): Request {
  return new Request(`http://localhost${path}`, init);
}

describe("many requests at once on one connection", () => {
  it("open one object at a time, and none when the client has left", async () => {
    const { provider, open } = counting(memory());
    const storage = createStorage(provider);
    await storage.put("big", Buffer.alloc(3_000_000));
    const port = await served(storage);
    const socket: Socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n".repeat(500));
    await until(() => open() > 0);
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    expect(open()).toBe(1);
    socket.destroy();
    await until(() => open() === 0);
  });

  it("are answered in their order", async () => {
    const storage = createStorage(memory());
    for (const name of ["1", "2", "3"]) await storage.put(name, `body-${name}`);
    const port = await served(storage);
    const text = ["1", "2", "3"].map((name) => `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`).join("");
    const answer = await talk(port, text, (all) => all.includes("body-3"));
    expect(answer.match(/body-\d/g)).toEqual(["body-1", "body-2", "body-3"]);
  });
});

describe("facts that are no headers", () => {
  function strange(facts: object): StorageProvider {
    return intercept(memory({ name: "strange" }), {
      type: "strange",
      around: async (_call, next) => {
        const result = await next();
        const isInfo = typeof result === "object" && result !== null && "size" in result;
        return isInfo ? { ...result, ...facts } : result;
      },
      aroundGet: async (_call, next) => {
        const result = await next();
        return { ...result, info: { ...result.info, ...facts } };
      },
    });
  }

  it.each([
    [{ writeId: "€" }],
    [{ writeId: 'x"\r\ny: z' }],
    [{ etag: "€" }],
    [{ lastModified: new Date(Number.NaN) }],
    [{ lastModified: new Date(8.64e15) }],
    [{ lastModified: new Date(-1) }],
  ])("are left out: %j", async (facts) => {
    const plain = createStorage(strange(facts));
    const several = createStorage(
      mirror([strange(facts), memory({ name: "second" })], { journal: memoryJournal() }),
    );
    for (const storage of [plain, several]) {
      await storage.put("a", "hello");
      const port = await served(storage);
      for (const method of ["GET", "HEAD"]) {
        const answer = await talk(
          port,
          `${method} /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
          () => false,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 200 /);
        expect(answer).not.toContain("Invalid Date");
        expect(answer.toLowerCase()).not.toContain("y: z");
      }
      await running?.close();
      expect((await createHandler(storage, { authorize: allow })(request())).status).toBe(200);
    }
  });
});

describe("authorize", () => {
  const strange: readonly (readonly [string, Authorize, number])[] = [
    ["gives a response of an error of the network", () => Response.error(), 403],
    ["gives 204", () => new Response(null, { status: 204 }), 204],
    ["gives 304", () => new Response(null, { status: 304 }), 304],
    [
      "throws a status that is none",
      () => Promise.reject(Object.assign(new Error("x"), { name: "HttpError", status: 42, code: "X" })),
      500,
    ],
    [
      "throws what nobody can look at",
      () => {
        throw new Proxy(
          {},
          {
            get: () => {
              throw new Error("no");
            },
            getPrototypeOf: () => {
              throw new Error("no");
            },
          },
        ) as Error;
      },
      500,
    ],
    ["throws nothing", () => Promise.reject(undefined as unknown as Error), 500],
  ];
  it.each(strange)("that %s is answered", async (_title, authorize, status) => {
    const storage = createStorage(memory());
    await storage.put("a", "hello");
    expect((await createHandler(storage, { authorize })(request())).status).toBe(status);
    const port = await served(storage, { authorize });
    const answer = await talk(port, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", () => false);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it("may give the same response again and again, with several cookies", async () => {
    const denied = new Response("sign in", { status: 401 });
    denied.headers.append("set-cookie", "a=1");
    denied.headers.append("set-cookie", "b=2");
    const port = await served(createStorage(memory()), { authorize: () => denied });
    for (let time = 0; time < 2; time++) {
      const answer = await talk(port, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", () => false);
      expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*set-cookie: a=1\r\n[^]*set-cookie: b=2\r\n[^]*sign in$/i);
    }
  });

  it("may have a listener of errors that fails later", async () => {
    const onError = async (): Promise<void> => {
      await Promise.resolve();
      throw new Error("the log is full");
    };
    const authorize: Authorize = () => {
      throw new Error("x");
    };
    const handler = createHandler(createStorage(memory()), { authorize, onError: onError as () => void });
    expect((await handler(request())).status).toBe(500);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  });
});

describe("errors", () => {
  it("have no status that is none", () => {
    expect(() => new HttpError(200, "X", "y")).toThrow("HttpError: status must be from 400 to 599, not 200");
  });

  it("can be told in an answer of one's own", () => {
    const busy = new StorageError("RateLimited", "slow down", {
      operation: "put",
      provider: "s3",
      retryAfterMs: 1500,
    });
    expect(errorFacts(busy)).toEqual({
      status: 503,
      code: "RateLimited",
      headers: { "cache-control": "no-store", "retry-after": "2" },
    });
    expect(errorFacts(new HttpError(403, "Quota", "no room"))).toMatchObject({ status: 403, code: "Quota" });
    expect(errorFacts("strange")).toMatchObject({ status: 500, code: "Unknown" });
  });

  it("of an object that the caller has are 304", async () => {
    const storage = createStorage(memory());
    const { etag = "" } = await storage.put("a", "hello");
    const error: unknown = await storage.get("a", { ifNoneMatch: etag }).catch((failure: unknown) => failure);
    expect(errorResponse(error).status).toBe(304);
  });

  it("that cut off a body are told, also of Web requests", async () => {
    const breaking = intercept(memory(), {
      type: "breaking",
      aroundGet: async (_call, next) => {
        const result = await next();
        const body = Readable.from(
          (async function* () {
            yield Buffer.alloc(70_000);
            throw new Error("the disk is gone");
          })(),
        );
        return { ...result, body };
      },
    });
    const storage = createStorage(breaking, { retry: false });
    await storage.put("a", Buffer.alloc(200_000));
    const errors: unknown[] = [];
    const response = await serve(storage, "a", request(), { onError: (error) => errors.push(error) });
    const error: unknown = await response.arrayBuffer().catch((failure: unknown) => failure);
    expect(errors).toEqual([error]);
  });
});

describe("a body that was read before", () => {
  const limits = { maxBytes: 1000, types: ["text/*"] };
  const put = (body: ReadableStream<Uint8Array> | string): Request =>
    request({ method: "PUT", body, duplex: "half", headers: { "content-type": "text/plain" } });
  const spoilt: readonly (readonly [string, (made: Request) => Promise<unknown>])[] = [
    ["as text", (made) => made.text()],
    ["and cancelled", async (made) => await made.body?.cancel()],
    [
      "in part",
      async (made) => {
        const reader = made.body?.getReader();
        await reader?.read();
        reader?.releaseLock();
      },
    ],
  ];
  it.each(spoilt)("is refused when types are asked for: %s", async (_title, spoil) => {
    const storage = createStorage(memory());
    const chunks = ReadableStream.from([Buffer.from("hell"), Buffer.from("o")]) as ReadableStream<Uint8Array>;
    const made = put(chunks);
    await spoil(made);
    const error: unknown = await receive(storage, "a", made, limits).catch((failure: unknown) => failure);
    expect(httpStatus(error)).toBe(400);
    expect(await storage.exists("a")).toBe(false);
  });

  it("by a parser in front is refused", async () => {
    const storage = createStorage(memory());
    const app = express().use(express.text());
    const listener = toNodeListener(createHandler(storage, { authorize: allow, receive: limits }));
    app.use((incoming, response) => void listener(incoming, response));
    running = await listen(app);
    const port = Number(new URL(running.url).port);
    const text =
      "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    expect(await talk(port, text, () => false)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await storage.exists("a")).toBe(false);
  });
});

describe("a client that is silent", () => {
  it.each([undefined, ["text/*"]])("is given up, with types %j", async (types) => {
    const storage = createStorage(memory(), { sourceIdleMs: 30 });
    const port = await served(storage, { receive: { maxBytes: 1000, types, idleMs: 30 } });
    const text = "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhello";
    expect(await talk(port, text, (answer) => answer.includes("\r\n\r\n"))).toMatch(/^HTTP\/1\.1 400 /);
    expect(await storage.exists("a")).toBe(false);
  });
});

describe("a refused upload", () => {
  it.each([["image/*"], ["text/*"]])("leaves the connection good for the next request: %s", async (type) => {
    const storage = createStorage(memory());
    await storage.put("b", "the next");
    const port = await served(storage, { receive: { maxBytes: 100_000, types: [type] } });
    const body = "x".repeat(200_000);
    const chunked = `PUT /a HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const answer = await talk(port, `${chunked}GET /b HTTP/1.1\r\nHost: a\r\n\r\n`, (all) =>
      all.includes("the next"),
    );
    expect(answer).toMatch(type === "image/*" ? /^HTTP\/1\.1 415 / : /^HTTP\/1\.1 413 /);
    expect(answer).toContain("the next");
  });
});

describe("conditions of writes", () => {
  const earlier = new Date(0).toUTCString();
  const later = new Date(Date.now() + 86_400_000).toUTCString();
  it.each([
    ["PUT", { "if-unmodified-since": earlier }, 412],
    ["PUT", { "if-unmodified-since": later }, 201],
    ["PUT", { "if-modified-since": later }, 201],
    ["DELETE", { "if-unmodified-since": earlier }, 412],
    ["DELETE", { "if-modified-since": later }, 204],
    ["DELETE", { "if-none-match": "*" }, 412],
    ["DELETE", { "if-none-match": '"a"' }, 400],
  ])("%s with %j is %i", async (method, headers, status) => {
    const storage = createStorage(memory());
    await storage.put("a", "old");
    const options: HandlerOptions = {
      authorize: allow,
      remove: true,
      receive: { maxBytes: 10, overwrite: true },
    };
    const body = method === "PUT" ? "new" : null;
    const answer = await createHandler(storage, options)(request({ method, body, headers }));
    expect(answer.status).toBe(status);
    const left = status < 300 ? (method === "PUT" ? "new" : undefined) : "old";
    const found = await storage.find("a");
    expect(found === undefined ? undefined : await (await storage.get("a")).text()).toBe(left);
  });
});

describe("clients of other kinds", () => {
  it("of HTTP/1.0 are not asked to go on", async () => {
    const storage = createStorage(memory());
    const port = await served(storage, { receive: { maxBytes: 10 } });
    const text = "PUT /a HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello";
    expect(await talk(port, text, () => false)).not.toContain("100 Continue");
  });

  it("that code a body on its way are refused", async () => {
    const storage = createStorage(memory());
    const handler = createHandler(storage, { authorize: allow, receive: { maxBytes: 100 } });
    running = await listen(SINKS["node:http"](handler));
    const text =
      "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    expect(await talk(Number(new URL(running.url).port), text, () => false)).toMatch(/^HTTP\/1\.1 501 /);
    expect(await storage.exists("a")).toBe(false);
  });
});
