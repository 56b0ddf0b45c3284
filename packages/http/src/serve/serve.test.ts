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
import { describe, expect, it } from "vitest";
import { serve } from "./serve.js";
import type { ServeOptions } from "./serve-options.js";

const URL_OF = "http://localhost/x";

async function get(
  storage: FileStorage,
  headers: Record<string, string> = {},
  options: ServeOptions = {},
  method = "GET",
): Promise<Response> {
  return await serve(storage, "x", new Request(URL_OF, { method, headers }), options);
}

/** Counts the calls of a provider by their names. */
function counted(inner: StorageProvider): { provider: StorageProvider; calls: string[] } {
  const calls: string[] = [];
  const provider = intercept(inner, {
    type: "counted",
    around: async ({ operation }, next) => {
      calls.push(operation);
      return await next();
    },
  });
  return { provider, calls };
}

describe("serve", () => {
  it("asks the storage once", async () => {
    const { provider, calls } = counted(memory());
    const storage = createStorage(provider);
    const { etag = "" } = await storage.put("x", "0123456789");
    const cases: readonly [Record<string, string>, string, number, string][] = [
      [{}, "GET", 200, "get"],
      [{}, "HEAD", 200, "head"],
      [{ range: "bytes=1-2" }, "GET", 206, "get"],
      [{ range: "bytes=1-2", "if-range": etag }, "GET", 206, "get"],
      [{ "if-none-match": etag }, "GET", 304, "get"],
      [{ "if-none-match": '"other"' }, "GET", 200, "get"],
      [{ "if-match": '"other"' }, "GET", 412, "get"],
    ];
    for (const [headers, method, status, call] of cases) {
      calls.length = 0;
      const response = await get(storage, headers, {}, method);
      await response.text();
      expect([response.status, calls]).toEqual([status, [call]]);
    }
  });

  it("has one ETag for an object, whichever member answers", async () => {
    const down = new Set<string>();
    const member = (name: string): StorageProvider =>
      intercept(memory({ name }), {
        type: "switch",
        around: async ({ operation }, next) => {
          if (!down.has(name)) return await next();
          throw new StorageError("Unavailable", "it is down", { operation, provider: name });
        },
      });
    const storage = createStorage(mirror([member("a"), member("b")], { journal: memoryJournal() }));
    await storage.put("x", "0123456789");
    const first = await get(storage);
    down.add("a");
    const second = await get(storage, { range: "bytes=5-", "if-range": first.headers.get("etag") ?? "" });
    expect([second.status, await second.text()]).toEqual([206, "56789"]);
    expect((await get(storage, { "if-none-match": first.headers.get("etag") ?? "" })).status).toBe(304);
  });

  it("asks with the newest facts: an object that changes in between is not a part of the old one", async () => {
    const storage = createStorage(memory());
    const { etag = "" } = await storage.put("x", "old old old");
    await storage.put("x", "new");
    const response = await get(storage, { range: "bytes=2-", "if-range": etag });
    expect([response.status, await response.text()]).toEqual([200, "new"]);
  });

  it.each([
    ["text/html", "attachment", "text/html"],
    ["image/svg+xml", "attachment", "image/svg+xml"],
    ["application/xhtml+xml", "attachment", "application/xhtml+xml"],
    ["text/javascript", "attachment", "application/octet-stream"],
    ["application/x-javascript", "attachment", "application/octet-stream"],
    ["made/up", "attachment", "made/up"],
    ["video/x+xml", "attachment", "video/x+xml"],
    ["video/mp4", null, "video/mp4"],
    ["image/png", null, "image/png"],
    ["text/plain; charset=utf-8", null, "text/plain; charset=utf-8"],
  ])("serves %s as %s", async (contentType, disposition, type) => {
    const storage = createStorage(memory());
    await storage.put("x", "a", { contentType });
    const { headers } = await get(storage);
    expect(headers.get("content-disposition")?.split(";")[0] ?? null).toBe(disposition);
    expect(headers.get("content-type")).toBe(type);
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
  });

  it("shows further types only when it is told to", async () => {
    const storage = createStorage(memory());
    await storage.put("x", "a", { contentType: "text/html" });
    const { headers } = await get(storage, {}, { inlineTypes: ["text/html"] });
    expect(headers.get("content-disposition")).toBeNull();
  });

  it.each([
    [true, 'inline; filename="Report.pdf"', 'attachment; filename="Report.pdf"'],
    [true, undefined, 'attachment; filename="x"'],
    [true, "inline", 'attachment; filename="x"'],
    ["Größe.pdf", undefined, "attachment; filename=\"Gr__e.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"],
  ] as const)(
    "has browsers save an object with download %j and the disposition %j",
    async (download, stored, sent) => {
      const storage = createStorage(memory());
      await storage.put("x", "a", { contentType: "application/pdf", contentDisposition: stored });
      expect((await get(storage, {}, { download })).headers.get("content-disposition")).toBe(sent);
      expect((await get(storage)).headers.get("content-disposition")).toBe(stored ?? null);
    },
  );

  it("sends no stored header that is none", async () => {
    const evil = intercept(memory(), {
      type: "evil",
      aroundGet: async (_call, next) => {
        const result = await next();
        const bad = "a\r\nset-cookie: b=c";
        const info = {
          ...result.info,
          contentType: bad,
          cacheControl: bad,
          contentDisposition: bad,
          contentEncoding: bad,
          contentLanguage: bad,
        };
        return { ...result, info };
      },
    });
    const storage = createStorage(evil);
    await storage.put("x", "abc");
    const response = await get(storage);
    expect([response.status, await response.text()]).toEqual([200, "abc"]);
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  it("redirects to a link of the store that lives twice as long as the redirect", async () => {
    const asked: unknown[] = [];
    const linking: StorageProvider = {
      ...memory(),
      signedUrl: async (key, options) => {
        asked.push(options);
        return `https://store.example/${key}?signature=1`;
      },
    };
    const storage = createStorage(linking);
    await storage.put("x", "a", { contentType: "text/html" });
    const response = await get(storage, {}, { mode: "auto", expiresInSeconds: 600 });
    expect([response.status, response.headers.get("location")]).toEqual([
      302,
      "https://store.example/x?signature=1",
    ]);
    expect(response.headers.get("cache-control")).toBe("private, max-age=300");
    expect(asked).toMatchObject([{ expiresInSeconds: 600, contentDisposition: 'attachment; filename="x"' }]);
    for (const [cacheControl, kept] of [
      ["private, max-age=60", "private, max-age=60"],
      ["public, max-age=86400", "private, max-age=300"],
      ["no-store", "no-store"],
      ["private, no-cache", "private, no-cache"],
    ] as const) {
      const strict = await get(storage, {}, { mode: "redirect", expiresInSeconds: 600, cacheControl });
      expect(strict.headers.get("cache-control")).toBe(kept);
    }
    expect((await get(storage, {}, { mode: "redirect" }, "HEAD")).status).toBe(200);
    await storage.delete("x");
    expect((await get(storage, {}, { mode: "redirect" })).status).toBe(404);
  });

  it("streams where the store has no links, or says that it cannot", async () => {
    const storage = createStorage(memory());
    await storage.put("x", "a");
    expect((await get(storage, {}, { mode: "auto" })).status).toBe(200);
    expect((await get(storage, {}, { mode: "redirect" })).status).toBe(501);
  });

  it.each([
    ["Unavailable", 503],
    ["Timeout", 504],
    ["PermissionDenied", 500],
    ["Archived", 409],
  ] as const)("answers %s with %i, and with nothing of the error", async (code, status) => {
    const errors: unknown[] = [];
    const failing: StorageProvider = {
      ...memory(),
      get: async (key) => {
        throw new StorageError(code, "the secret place /srv is broken", {
          operation: "get",
          provider: "s",
          key,
        });
      },
    };
    const storage = createStorage(failing, { retry: false });
    const response = await get(storage, {}, { onError: (error) => errors.push(error) });
    expect([response.status, await response.text()]).toEqual([status, `${code}\n`]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(errors).toHaveLength(status >= 500 ? 1 : 0);
  });

  it("answers what is no key with 404, and another method with 405", async () => {
    const storage = createStorage(memory());
    const bad = await serve(storage, "../x", new Request(URL_OF));
    expect(bad.status).toBe(404);
    const posted = await get(storage, {}, {}, "POST");
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("says what is wrong with its options", async () => {
    await expect(
      get(createStorage(memory()), {}, { mode: "fast" } as unknown as ServeOptions),
    ).rejects.toThrow('serve: mode must be "stream", "redirect" or "auto", not "fast"');
  });
});
