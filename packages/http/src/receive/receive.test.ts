import { createHash } from "node:crypto";
import { connect } from "node:net";
import { createStorage, memory, type FileStorage } from "@stowage/core";
import { afterEach, describe, expect, it } from "vitest";
import { sendError } from "../wire/error-response.js";
import { isHttpError } from "../wire/http-error.js";
import { receive } from "./receive.js";
import type { ReceiveOptions } from "./receive-options.js";
import { httpStatus } from "../wire/status.js";
import { listen, type Running } from "../testing/servers.test-support.js";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const LIMITS: ReceiveOptions = { maxBytes: 1000 };

function put(body: NonNullable<RequestInit["body"]> | null, headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/", { method: "PUT", body, headers });
}

/** The status of what a call throws. */
async function statusOf(call: Promise<unknown>): Promise<number> {
  return await call.then(
    () => 201,
    (error: unknown) => httpStatus(error),
  );
}

describe("receive", () => {
  it("stores a body with its type, and says what it is", async () => {
    const storage = createStorage(memory());
    const info = await receive(storage, "a", put("abc", { "content-type": "text/x-notes" }), LIMITS);
    expect(info).toMatchObject({ key: "a", size: 3, contentType: "text/x-notes" });
    expect(await (await storage.get("a")).text()).toBe("abc");
  });

  it("stores an empty body", async () => {
    expect((await receive(createStorage(memory()), "a", put(null), LIMITS)).size).toBe(0);
    const types = ["application/octet-stream"];
    expect((await receive(createStorage(memory()), "a", put(null), { ...LIMITS, types })).size).toBe(0);
  });

  it.each([
    ["longer than it may be", put("x".repeat(1001)), 413],
    ["a part of something", put("abc", { "content-range": "bytes 0-2/10" }), 400],
    ["a form", put(new FormData()), 415],
    ["encoded in a way that nobody knows", put("abc", { "content-encoding": "rot13" }), 415],
    ["under an idempotency key that is none", put("abc", { "idempotency-key": '""' }), 400],
    ["conditional on a tag that it may not have", put("abc", { "if-none-match": '"a"' }), 400],
    ["conditional on an object that is not there", put("abc", { "if-match": "*" }), 412],
  ])("refuses a body that is %s, and stores nothing", async (_title, request, status) => {
    const storage = createStorage(memory());
    expect(await statusOf(receive(storage, "a", request, LIMITS))).toBe(status);
    expect(await storage.exists("a")).toBe(false);
  });

  it("replaces nothing, unless it may", async () => {
    const storage = createStorage(memory());
    await storage.put("a", "old");
    expect(await statusOf(receive(storage, "a", put("new"), LIMITS))).toBe(409);
    expect(await statusOf(receive(storage, "a", put("new", { "if-none-match": "*" }), LIMITS))).toBe(412);
    expect(await (await storage.get("a")).text()).toBe("old");
    await receive(storage, "a", put("new"), { ...LIMITS, overwrite: true });
    expect(await (await storage.get("a")).text()).toBe("new");
  });

  it("keeps If-Match of the client", async () => {
    const storage = createStorage(memory());
    const { etag = "" } = await storage.put("a", "old");
    const options = { ...LIMITS, overwrite: true };
    expect(await statusOf(receive(storage, "a", put("new", { "if-match": '"other"' }), options))).toBe(412);
    await receive(storage, "a", put("new", { "if-match": etag }), options);
    expect(await statusOf(receive(storage, "a", put("newer", { "if-match": etag }), options))).toBe(412);
    expect(await (await storage.get("a")).text()).toBe("new");
  });

  it("makes a repeated upload one object", async () => {
    const storage = createStorage(memory());
    const headers = { "idempotency-key": '"8e03978e"' };
    const first = await receive(storage, "a", put("abc", headers), LIMITS);
    expect((await receive(storage, "a", put("abc", headers), LIMITS)).etag).toBe(first.etag);
    expect(await statusOf(receive(storage, "a", put("other", headers), LIMITS))).toBe(409);
  });

  it.each([
    [["image/*"], "image/png", PNG, "image/png"],
    [["image/png"], "application/octet-stream", PNG, "image/png"],
    [["image/jpeg"], "image/jpeg", PNG, undefined],
    [["image/*"], "image/png", Buffer.from("<script>"), undefined],
    [["image/*"], "text/html", Buffer.from("<script>"), undefined],
    [["text/*"], "text/csv", Buffer.from("a,b"), "text/csv"],
    [["text/csv"], "text/csv", PNG, undefined],
    [["*/*"], "application/octet-stream", Buffer.from("abc"), "application/octet-stream"],
  ])("with types %j takes %s by its first bytes: %#", async (types, declared, body, stored) => {
    const storage = createStorage(memory());
    const call = receive(storage, "a", put(body, { "content-type": declared }), { ...LIMITS, types });
    if (stored === undefined) {
      expect(await statusOf(call)).toBe(415);
      expect(await storage.exists("a")).toBe(false);
    } else {
      expect((await call).contentType).toBe(stored);
      expect(Buffer.from(await (await storage.get("a")).bytes())).toEqual(body);
    }
  });

  it("keeps every byte of a body that it has looked into", async () => {
    const storage = createStorage(memory());
    const bytes = Buffer.concat([PNG, Buffer.alloc(300_000, "abc")]);
    const types = ["image/*"];
    await receive(storage, "a", put(bytes), { maxBytes: 1_000_000, types });
    const stored = await (await storage.get("a")).bytes();
    const digest = (of: Uint8Array): string => createHash("sha256").update(of).digest("hex");
    expect(digest(stored)).toBe(digest(bytes));
    const storing = receive(storage, "b", put(bytes), { maxBytes: bytes.byteLength - 1, types });
    expect(await statusOf(storing)).toBe(413);
  });

  it("says what is wrong with its options", async () => {
    const call = receive(createStorage(memory()), "a", put("abc"), { maxBytes: 0 });
    await expect(call).rejects.toThrow(
      "receive: maxBytes must be a whole number of bytes, at least 1, not 0",
    );
  });
});

describe("receive under node:http", () => {
  let running: Running | undefined;
  afterEach(async () => await running?.close());

  async function server(
    storage: FileStorage,
    options: ReceiveOptions,
  ): Promise<{ url: string; ended: Promise<unknown>[] }> {
    const ended: Promise<unknown>[] = [];
    running = await listen((request, response) => {
      const storing = receive(storage, "a", request, options);
      ended.push(storing.catch((error: unknown) => error));
      storing.then(
        () => response.writeHead(201).end(),
        (error: unknown) => sendError(response, error),
      );
    });
    return { url: running.url, ended };
  }

  it.each([[undefined], [["*/*"]]])("stores a body with types %j", async (types) => {
    const storage = createStorage(memory());
    const { url } = await server(storage, { maxBytes: 1_000_000, types });
    const body = Buffer.alloc(500_000, "x");
    expect((await fetch(url, { method: "PUT", body })).status).toBe(201);
    expect((await storage.head("a")).size).toBe(500_000);
  });

  it.each([[undefined], [["*/*"]]])(
    "stores nothing of a body that is cut off, with types %j",
    async (types) => {
      const storage = createStorage(memory());
      const { url, ended } = await server(storage, { maxBytes: 1_000_000, types });
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      await new Promise<void>((resolve) => {
        socket.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${"x".repeat(50_000)}`, () =>
          resolve(),
        );
      });
      while (ended.length === 0) await new Promise(setImmediate);
      socket.destroy();
      const error = await ended[0];
      expect(isHttpError(error) || (error as Error).name === "StorageError").toBe(true);
      expect(httpStatus(error)).toBe(400);
      expect(await storage.exists("a")).toBe(false);
    },
  );
});
