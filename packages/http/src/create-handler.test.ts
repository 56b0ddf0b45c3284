import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { createStorage, memory, type FileStorage, type StorageProvider } from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { describe, expect, it } from "vitest";
import type { Access, Authorize } from "./access.js";
import { createHandler, type HandlerOptions } from "./create-handler.js";
import { toNodeListener } from "./wire/handler.js";
import { signed } from "./links/signed.js";
import type { SigningKeys } from "./links/signatures.js";

const KEYS: SigningKeys = [{ id: "one", secret: "s".repeat(32) }];
const BASE = "http://localhost/files";
const allow: Authorize = () => true;

async function stored(): Promise<FileStorage> {
  const storage = createStorage(signed(memory(), { baseUrl: BASE, keys: KEYS }));
  await storage.put("a b.txt", "abc", { contentType: "text/plain" });
  return storage;
}

function request(path: string, init: RequestInit = {}): Request {
  return new Request(`http://localhost${path}`, init);
}

async function handler(
  options: Partial<HandlerOptions> = {},
): Promise<{ storage: FileStorage; send: (path: string, init?: RequestInit) => Promise<Response> }> {
  const storage = await stored();
  const handle = createHandler(storage, { basePath: "/files", authorize: allow, keys: KEYS, ...options });
  return { storage, send: async (path, init) => await handle(request(path, init)) };
}

describe("createHandler", () => {
  it("asks with the action and the decoded key, before anything else happens", async () => {
    const asked: Access[] = [];
    const authorize: Authorize = (_, access) => {
      asked.push(access);
      return false;
    };
    const { send, storage } = await handler({ authorize, receive: { maxBytes: 10 }, remove: true });
    for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
      const body = method === "PUT" ? "x" : null;
      expect((await send("/files/a%20b.txt", { method, body })).status).toBe(403);
    }
    expect(asked.map(({ action, key }) => `${action} ${key}`)).toEqual([
      "get a b.txt",
      "get a b.txt",
      "put a b.txt",
      "delete a b.txt",
    ]);
    expect(await (await storage.get("a b.txt")).text()).toBe("abc");
  });

  it.each([undefined, 1, "true", {}, null])("permits nothing for %j", async (verdict) => {
    const authorize = (() => verdict) as unknown as Authorize;
    expect((await (await handler({ authorize })).send("/files/a%20b.txt")).status).toBe(403);
  });

  it("permits nothing when authorize fails, and tells nobody why", async () => {
    const errors: unknown[] = [];
    const authorize: Authorize = () => {
      throw new Error("the database at 10.0.0.1 is down");
    };
    const { send } = await handler({ authorize, onError: (error) => errors.push(error) });
    const response = await send("/files/a%20b.txt");
    expect([response.status, await response.text()]).toEqual([500, "Unknown\n"]);
    expect(errors).toHaveLength(1);
  });

  it("sends a response of authorize as it is", async () => {
    const authorize: Authorize = () =>
      new Response("sign in", { status: 401, headers: { "www-authenticate": "Basic" } });
    const response = await (await handler({ authorize })).send("/files/a%20b.txt");
    expect([response.status, response.headers.get("www-authenticate"), await response.text()]).toEqual([
      401,
      "Basic",
      "sign in",
    ]);
  });

  it("answers 404 outside its path and for other spellings, and asks nobody", async () => {
    const authorize: Authorize = () => {
      throw new Error("it must not be asked");
    };
    const { send } = await handler({ authorize });
    const paths = [
      "/",
      "/files",
      "/files/",
      "/other/a",
      "/filesa",
      "/files/a%2Fb",
      "/files//a",
      "/files/a%5Cb",
    ];
    for (const path of paths) expect([path, (await send(path)).status]).toEqual([path, 404]);
  });

  it("allows only the methods that its options ask for", async () => {
    const { send } = await handler({ keys: undefined });
    const response = await send("/files/a", { method: "PUT", body: "x" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    const all = await handler({ remove: true, receive: { maxBytes: 1 } });
    expect((await all.send("/files/a", { method: "POST", body: "x" })).headers.get("allow")).toBe(
      "GET, HEAD, PUT, DELETE",
    );
  });

  it("receives and removes, and says nothing about the places of objects", async () => {
    const { send, storage } = await handler({ receive: { maxBytes: 10 }, remove: true });
    const created = await send("/files/new.txt", { method: "PUT", body: "hello" });
    expect(created.status).toBe(201);
    const { etag } = await storage.head("new.txt");
    expect(await created.json()).toEqual({
      key: "new.txt",
      size: 5,
      contentType: "text/plain;charset=UTF-8",
      etag,
    });
    expect((await send("/files/long.txt", { method: "PUT", body: "x".repeat(11) })).status).toBe(413);
    expect((await send("/files/new.txt", { method: "PUT", body: "again" })).status).toBe(409);
    expect((await send("/files/new.txt", { method: "DELETE" })).status).toBe(204);
    expect(await storage.exists("new.txt")).toBe(false);
  });

  it("removes only what If-Match names", async () => {
    const { send, storage } = await handler({ remove: true });
    const { etag = "" } = await storage.head("a b.txt");
    const remove = async (tag: string): Promise<number> =>
      (await send("/files/a%20b.txt", { method: "DELETE", headers: { "if-match": tag } })).status;
    expect(await remove('"other"')).toBe(412);
    expect(await storage.exists("a b.txt")).toBe(true);
    expect(await remove(etag)).toBe(204);
    expect(await remove(etag)).toBe(412);
  });

  it("takes options for a single request", async () => {
    const { send, storage } = await handler({
      serve: ({ target }) => ({ download: target.endsWith("?download") }),
      receive: (_, key) => ({ maxBytes: 10, metadata: { key } }),
    });
    const disposition = async (path: string): Promise<string | null> =>
      (await send(path)).headers.get("content-disposition");
    expect(await disposition("/files/a%20b.txt")).toBeNull();
    expect(await disposition("/files/a%20b.txt?download")).toBe('attachment; filename="a b.txt"');
    expect((await send("/files/new", { method: "PUT", body: "x" })).status).toBe(201);
    expect((await storage.head("new")).metadata).toEqual({ key: "new" });
  });

  it("takes a storage, and no provider", () => {
    const options: HandlerOptions = { authorize: allow };
    expect(() => createHandler(memory() as unknown as FileStorage, options)).toThrow(
      "createHandler: storage must be the result of createStorage(provider)",
    );
  });

  it("says what is wrong with its options", () => {
    const make = (options: object) => () => createHandler(createStorage(memory()), options as HandlerOptions);
    expect(make({})).toThrow("createHandler: authorize must be a function");
    expect(make({ authorize: allow, basePath: "files" })).toThrow('such as "/files"');
    expect(make({ authorize: allow, basePath: "/files/" })).toThrow('such as "/files"');
    expect(make({ authorize: allow, recieve: {} })).toThrow('did you mean "receive"?');
    expect(make({ authorize: allow, keys: [{ id: "a", secret: "short" }] })).toThrow("at least 32");
  });
});

describe("signed links", () => {
  it("open their object, and ask nobody", async () => {
    const authorize: Authorize = () => {
      throw new Error("it must not be asked");
    };
    const { send, storage } = await handler({ authorize });
    const link = new URL(await storage.signedUrl("a b.txt", { expiresInSeconds: 60 }));
    expect(link.href.startsWith(`${BASE}/a%20b.txt?`)).toBe(true);
    for (const method of ["GET", "HEAD"]) {
      const response = await send(link.pathname + link.search, { method });
      expect([response.status, await response.text()]).toEqual([200, method === "GET" ? "abc" : ""]);
      expect(response.headers.get("cache-control")).toMatch(/^private, max-age=(?:60|59)$/);
    }
    expect((await send(link.pathname + link.search, { method: "PUT", body: "x" })).status).toBe(403);
    expect((await send("/files/other.txt" + link.search)).status).toBe(403);
    expect((await send(`${link.pathname}${link.search}&v=1`)).status).toBe(403);
  });

  it("replace headers, and no link makes a page run", async () => {
    const { send, storage } = await handler();
    const open = async (options: Parameters<FileStorage["signedUrl"]>[1]): Promise<Headers> => {
      const link = new URL(await storage.signedUrl("a b.txt", options));
      return (await send(link.pathname + link.search)).headers;
    };
    const named = await open({ contentDisposition: 'attachment; filename="x.txt"', contentType: "text/csv" });
    expect([named.get("content-disposition"), named.get("content-type")]).toEqual([
      'attachment; filename="x.txt"',
      "text/csv",
    ]);
    const page = await open({ contentDisposition: "inline", contentType: "text/html" });
    expect(page.get("content-disposition")).toBe("attachment");
  });

  it("stay the same for as long as they are asked to", async () => {
    const storage = await stored();
    const options = { expiresInSeconds: 60, stableForSeconds: 86_400 };
    expect(await storage.signedUrl("a", options)).toBe(await storage.signedUrl("a", options));
    await expect(storage.signedUrl("a", { expiresInSeconds: 604_801 })).rejects.toThrow(
      "at most 604800 seconds",
    );
  });

  it("are refused by a handler without keys, whatever authorize says", async () => {
    const { send, storage } = await handler({ keys: undefined });
    const link = new URL(await storage.signedUrl("a b.txt"));
    expect((await send(link.pathname + link.search)).status).toBe(403);
  });
});

describe("signed uploads", () => {
  async function upload(
    options: Parameters<FileStorage["signUpload"]>[1],
    change: (init: { body: string; headers: Record<string, string> }) => void = () => {},
  ): Promise<{ storage: FileStorage; response: Response }> {
    const { send, storage } = await handler({ authorize: () => false });
    const { method, url, headers } = await storage.signUpload("in/x.txt", options);
    const link = new URL(url);
    const init = { method, body: "hello", headers: { ...headers } };
    change(init);
    return { storage, response: await send(link.pathname + link.search, init) };
  }

  it("store what was signed", async () => {
    const { storage, response } = await upload({
      contentLength: 5,
      contentType: "text/x-notes",
      cacheControl: "max-age=5",
      contentDisposition: 'attachment; filename="n"',
      metadata: { owner: "ü" },
    });
    expect(response.status).toBe(201);
    expect(await storage.head("in/x.txt")).toMatchObject({
      size: 5,
      contentType: "text/x-notes",
      cacheControl: "max-age=5",
      contentDisposition: 'attachment; filename="n"',
      metadata: { owner: "ü" },
    });
  });

  it.each([
    ["a longer body", { contentLength: 5 }, (init: { body: string }) => (init.body = "longer"), 400],
    ["more than the bound", { maxBytes: 5 }, (init: { body: string }) => (init.body = "longer"), 413],
    [
      "another type",
      { maxBytes: 5 },
      (init: { headers: Record<string, string> }) => (init.headers["content-type"] = "text/html"),
      400,
    ],
    [
      "an encoding",
      { maxBytes: 5 },
      (init: { headers: Record<string, string> }) => (init.headers["content-encoding"] = "gzip"),
      400,
    ],
    [
      "a part",
      { maxBytes: 5 },
      (init: { headers: Record<string, string> }) => (init.headers["content-range"] = "bytes 0-4/10"),
      400,
    ],
  ])("refuse %s, and store nothing", async (_title, options, change, status) => {
    const { storage, response } = await upload(options, change as (init: object) => void);
    expect(response.status).toBe(status);
    expect(await storage.exists("in/x.txt")).toBe(false);
  });

  it("create only, where that was signed", async () => {
    const { send, storage } = await handler();
    const { url, headers } = await storage.signUpload("x", { maxBytes: 5, ifNoneMatch: "*" });
    const { pathname, search } = new URL(url);
    const put = async (): Promise<number> =>
      (await send(pathname + search, { method: "PUT", body: "a", headers })).status;
    expect([await put(), await put()]).toEqual([201, 409]);
  });
});

describe("toNodeListener", () => {
  it("refuses before a client that waits has sent its body, and asks for it when it may", async () => {
    const storage = createStorage(memory());
    const options: HandlerOptions = { authorize: allow, receive: { maxBytes: 10 } };
    const listener = toNodeListener(createHandler(storage, options));
    const server = createServer().on(
      "checkContinue",
      (incoming, response) => void listener(incoming, response),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const ask = async (length: number): Promise<string> => {
      const socket = connect(port, "127.0.0.1");
      socket.write(`PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`);
      const first = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
      const answered = new Promise<Buffer>((resolve) => socket.once("data", resolve));
      if (first.includes("100 Continue")) {
        socket.write("x".repeat(length));
        await answered;
      }
      socket.destroy();
      return first.toString().split("\r\n")[0] ?? "";
    };
    expect(await ask(11)).toBe("HTTP/1.1 413 Payload Too Large");
    expect(await ask(10)).toBe("HTTP/1.1 100 Continue");
    expect((await storage.head("a")).size).toBe(10);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("lets go of the store within a moment when the client leaves", async () => {
    let closedAt = 0;
    const slow: StorageProvider = {
      ...memory(),
      get: async (key, { signal }) => {
        await new Promise((_, reject) =>
          signal?.addEventListener("abort", () => reject(signal.reason as Error)),
        );
        throw new Error(key);
      },
    };
    const waiting = intercept(slow, {
      type: "watch",
      aroundGet: async (_call, next) => {
        try {
          return await next();
        } finally {
          closedAt = performance.now();
        }
      },
    });
    const storage = createStorage(waiting, { retry: false, timeouts: false });
    const listener = toNodeListener(createHandler(storage, { authorize: allow }));
    const server = createServer((incoming, response) => void listener(incoming, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const asked = new Promise((resolve) => server.once("request", resolve));
    socket.write("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    await asked;
    socket.destroy();
    const leftAt = performance.now();
    while (closedAt === 0) await new Promise(setImmediate);
    expect(closedAt - leftAt).toBeLessThan(10_000);
    await new Promise((resolve) => server.close(resolve));
  });
});
