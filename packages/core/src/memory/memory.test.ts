import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { toBody } from "../body/body.js";
import { compareKeys } from "../contract/key.js";
import { memory } from "./memory.js";
import type { ListPage, StorageProvider } from "../contract/provider.js";
import { randomNumbers, seed } from "../testing/random.test-support.js";
import { rejection, streamOf, until } from "../testing/streams.test-support.js";
import type { ListOptions } from "../contract/call-options.js";

const body = await toBody("abc");

async function filled(keys: readonly string[]): Promise<StorageProvider> {
  const provider = memory();
  for (const key of keys) await provider.put(key, body, {});
  return provider;
}

/** All pages of a listing, as one list of names in the order they came. */
async function names(provider: StorageProvider, options: ListOptions): Promise<string[]> {
  const all: string[] = [];
  let cursor: string | undefined;
  do {
    const page: ListPage = await provider.list({ ...options, cursor });
    all.push(...[...page.objects.map(({ key }) => key), ...page.prefixes].sort(compareKeys));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return all;
}

describe("memory", () => {
  it("keeps bytes of its own, whatever happens to those it was given or gave", async () => {
    const provider = memory();
    const given = Buffer.from("abc");
    await provider.put("a", await toBody(given), {});
    given.fill(0);
    const first = (await provider.get("a", {})).body as Uint8Array;
    expect(Buffer.from(first).toString()).toBe("abc");
    first.fill(0);
    expect(Buffer.from((await provider.get("a", {})).body as Uint8Array).toString()).toBe("abc");
  });

  it("gives what is put a new ETag, of the same bytes too", async () => {
    const provider = memory();
    const etags = new Set<string | undefined>();
    for (let round = 0; round < 3; round++) etags.add((await provider.put("a", body, {})).etag);
    expect(etags.size).toBe(3);
  });

  it("inherits nothing from the object before", async () => {
    const provider = memory();
    await provider.put("a.mp4", body, {
      cacheControl: "no-cache",
      metadata: { a: "b" },
      contentType: "x/y",
      writeId: "w",
    });
    const info = await provider.put("a.mp4", body, {});
    expect(info).toMatchObject({ contentType: "video/mp4" });
    expect([info.cacheControl, info.metadata, info.writeId]).toEqual([undefined, undefined, undefined]);
  });

  it("shows nothing of a put before it is whole", async () => {
    const provider = memory();
    const source = new PassThrough();
    const put = provider.put("a", await toBody(source), {});
    source.write("abc");
    await until(() => source.readableLength === 0);
    expect(await rejection(provider.head("a", {}))).toMatchObject({ code: "NotFound" });
    source.end("def");
    expect((await put).size).toBe(6);
  });

  it("leaves one of two puts at once, whole", async () => {
    const provider = memory();
    const [a, b] = [Buffer.alloc(100_000, "a"), Buffer.alloc(50_000, "b")];
    await Promise.all([
      provider.put("k", await toBody(streamOf(a)), {}),
      provider.put("k", await toBody(streamOf(b)), {}),
    ]);
    const stored = (await provider.get("k", {})).body as Uint8Array;
    expect(a.equals(stored) || b.equals(stored)).toBe(true);
  });

  it("lets one of many create-only puts at once through", async () => {
    const provider = memory();
    const puts = Array.from({ length: 10 }, async () =>
      provider.put("a", await toBody(streamOf(Buffer.from("x"))), { ifNoneMatch: "*" }),
    );
    const settled = await Promise.allSettled(puts);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("lets one of many puts with the same ETag through", async () => {
    const provider = await filled(["a"]);
    const { etag } = await provider.head("a", {});
    const puts = Array.from({ length: 10 }, async () =>
      provider.put("a", await toBody(streamOf(Buffer.from("x"))), { ifMatch: etag }),
    );
    const settled = await Promise.allSettled(puts);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it.each(["put", "get", "head", "delete", "list", "copy", "deleteMany"])(
    "heeds an abort before %s",
    async (verb) => {
      const provider = await filled(["a"]);
      const options = { signal: AbortSignal.abort("stop") };
      const calls: Record<string, () => Promise<unknown> | undefined> = {
        put: () => provider.put("b", body, options),
        get: () => provider.get("a", options),
        head: () => provider.head("a", options),
        delete: () => provider.delete("a", options),
        list: () => provider.list(options),
        copy: () => provider.copy?.("a", "b", options),
        deleteMany: () => provider.deleteMany?.(["a"], options),
      };
      expect(await rejection(calls[verb]?.() ?? Promise.resolve())).toBe("stop");
      expect(await names(provider, {})).toEqual(["a"]);
    },
  );

  it("names the verb in its errors", async () => {
    const provider = await filled(["a", "b"]);
    const calls = {
      get: () => provider.get("x", {}),
      head: () => provider.head("x", {}),
      copy: () => provider.copy?.("a", "b", { ifNoneMatch: "*" }),
      put: () => provider.put("a", body, { ifNoneMatch: "*" }),
      delete: () => provider.delete("a", { ifMatch: "x" }),
    };
    for (const [operation, call] of Object.entries(calls)) {
      expect(await rejection(call() ?? Promise.resolve())).toMatchObject({ operation });
    }
  });

  it("finds its own refs, for every key", () => {
    const provider = memory({ name: "a b/ö" });
    for (const key of ["a", "a b/ö?#%&", "😀/%2e%2e", "a+b"]) {
      expect(provider.locate(provider.ref(key))).toEqual({ key, provider: "a b/ö", ref: provider.ref(key) });
    }
    expect(provider.locate(`${provider.ref("a")}?version=1#x`)?.key).toBe("a");
  });

  it.each([
    "",
    "a",
    "memory://other/a",
    "memory://memory/",
    "memory://memory/%zz",
    "memory://memory/..%2Fa/..",
    "file:///a",
    "memory://memory2/a",
  ])("does not know foreign texts: %j", (text) => {
    expect(memory().locate(text)).toBeUndefined();
  });
});

describe("a listing of memory", () => {
  const keys = ["a", "a!", "a/b", "a/c/d", "a0", "b", "b/", "é", "\ufffd", "😀"].filter(
    (key) => !key.endsWith("/"),
  );

  it.each([1, 2, 3, 100])("is in UTF-8 byte order, once each, in pages of %d", async (limit) => {
    const provider = await filled(keys.toReversed());
    expect(await names(provider, { limit })).toEqual([...keys].sort(compareKeys));
  });

  it.each([1, 2, 100])("rolls keys up to the delimiter, in pages of %d", async (limit) => {
    const provider = await filled(keys);
    expect(await names(provider, { limit, delimiter: "/" })).toEqual([
      "a",
      "a!",
      "a/",
      "a0",
      "b",
      "é",
      "\ufffd",
      "😀",
    ]);
    expect(await names(provider, { limit, delimiter: "/", prefix: "a/" })).toEqual(["a/b", "a/c/"]);
  });

  it("takes the prefix as plain text", async () => {
    const provider = await filled(keys);
    expect(await names(provider, { prefix: "a" })).toEqual(["a", "a!", "a/b", "a/c/d", "a0"]);
  });

  it("goes on after a key that is gone since, and shows what has come", async () => {
    const provider = await filled(["a", "b", "d"]);
    const { cursor } = await provider.list({ limit: 2 });
    await provider.delete("b", {});
    await provider.put("c", body, {});
    expect((await provider.list({ limit: 2, cursor })).objects.map(({ key }) => key)).toEqual(["c", "d"]);
  });

  it("has no cursor on its last page", async () => {
    const provider = await filled(["a", "b"]);
    expect((await provider.list({ limit: 2 })).cursor).toBeUndefined();
    expect((await memory().list({})).cursor).toBeUndefined();
  });

  it(`is the same in pages of any size (seed ${seed})`, async () => {
    const random = randomNumbers();
    const alphabet = ["a", "b", "/", "é", "😀", "\ufffd", "-"];
    const word = (): string =>
      Array.from({ length: 1 + Math.floor(random() * 4) }, () => alphabet[Math.floor(random() * 7)]).join("");
    const some = new Set(Array.from({ length: 60 }, word).filter((key) => !/^\/|\/$|\/\//.test(key)));
    const provider = await filled([...some]);
    for (const options of [
      {},
      { prefix: "a" },
      { delimiter: "/" as const },
      { prefix: "b", delimiter: "/" as const },
    ]) {
      const whole = await names(provider, options);
      for (const limit of [1, 2, 7]) expect(await names(provider, { ...options, limit })).toEqual(whole);
    }
  });
});
