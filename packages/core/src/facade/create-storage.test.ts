import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createStorage } from "./create-storage.js";
import { isStorageError } from "../contract/errors.js";
import { memory } from "../memory/memory.js";
import type { StorageEvent } from "../contract/event.js";
import type { StorageProvider } from "../contract/provider.js";
import type { FileStorage } from "./storage.js";
import {
  failing,
  failingAtFirst,
  hanging,
  losingAnswers,
  testMember,
  waiting,
} from "../testing/member.test-support.js";
import {
  patterned,
  rejection,
  streamOf,
  streaming,
  uncaughtDuring,
  until,
} from "../testing/streams.test-support.js";
import { retry } from "../wrap/retry.js";
import type { Supports } from "../contract/supports.js";
import { fallback } from "../compose/fallback.js";
import type { ObjectInfo } from "../contract/object.js";

const bytes = patterned(200_000);
const quick = { retry: { baseMs: 0 } };

function storageWith(supports: Partial<Supports>): { storage: FileStorage; calls: string[] } {
  const { provider, calls } = testMember("disk", { supports });
  return { storage: createStorage(provider), calls };
}

async function textOf(storage: FileStorage, key: string): Promise<string> {
  return await (await storage.get(key)).text();
}

describe("a storage", () => {
  it("puts, heads, gets and deletes", async () => {
    const storage = createStorage(memory());
    const options = {
      contentType: "text/x",
      cacheControl: "no-cache",
      contentDisposition: "inline",
      metadata: { a: "ö" },
    };
    const info = await storage.put("a/b", "abc", options);
    expect(info).toMatchObject({
      key: "a/b",
      size: 3,
      provider: "memory",
      ref: "memory://memory/a/b",
      ...options,
    });
    expect(await storage.head("a/b")).toEqual(info);
    const object = await storage.get("a/b");
    expect(object.info).toEqual(info);
    expect(await object.text()).toBe("abc");
    await storage.delete("a/b");
    expect(await storage.exists("a/b")).toBe(false);
  });

  it("says NotFound for what is not there, and deletes it without complaint", async () => {
    const storage = createStorage(memory());
    for (const call of [
      storage.get("a"),
      storage.head("a"),
      storage.copy("a", "b"),
      storage.move("a", "b"),
    ]) {
      expect(await rejection(call)).toMatchObject({ code: "NotFound", key: "a" });
    }
    await storage.delete("a");
    expect(await storage.exists("a")).toBe(false);
  });

  it("does not take a provider that cannot answer for one without the object", async () => {
    const storage = createStorage(testMember("disk", { fault: failing("PermissionDenied") }).provider);
    expect(await rejection(storage.exists("a"))).toMatchObject({ code: "PermissionDenied" });
  });

  it("reads ranges", async () => {
    const storage = createStorage(memory());
    await storage.put("a", "0123456789");
    const part = await storage.get("a", { range: { offset: 2, length: 3 } });
    expect(await part.text()).toBe("234");
    expect(part.range).toEqual({ offset: 2, length: 3, size: 10 });
    expect(await (await storage.get("a", { range: { suffix: 2 } })).text()).toBe("89");
    expect(await rejection(storage.get("a", { range: { offset: 10 } }))).toMatchObject({
      code: "InvalidRange",
    });
  });

  it("keeps conditions", async () => {
    const storage = createStorage(memory());
    const { etag } = await storage.put("a", "1", { ifNoneMatch: "*" });
    expect(await rejection(storage.put("a", "2", { ifNoneMatch: "*" }))).toMatchObject({
      code: "AlreadyExists",
    });
    expect(await rejection(storage.put("a", "2", { ifMatch: '"x"' }))).toMatchObject({
      code: "PreconditionFailed",
    });
    expect(await rejection(storage.get("a", { ifMatch: '"x"' }))).toMatchObject({
      code: "PreconditionFailed",
    });
    expect(await rejection(storage.delete("a", { ifMatch: '"x"' }))).toMatchObject({
      code: "PreconditionFailed",
    });
    await storage.put("a", "3", { ifMatch: etag });
    expect(await textOf(storage, "a")).toBe("3");
  });

  it("copies and moves with headers and metadata", async () => {
    const storage = createStorage(memory());
    await storage.put("a", "abc", { contentType: "x/y", cacheControl: "no-cache", metadata: { m: "1" } });
    expect(await storage.copy("a", "b")).toMatchObject({
      key: "b",
      contentType: "x/y",
      cacheControl: "no-cache",
      metadata: { m: "1" },
    });
    expect(await storage.move("b", "c")).toMatchObject({
      key: "c",
      contentType: "x/y",
      metadata: { m: "1" },
    });
    expect(await storage.exists("b")).toBe(false);
    expect(await textOf(storage, "c")).toBe("abc");
  });

  it("moves an object onto itself without losing it", async () => {
    const storage = createStorage(memory());
    await storage.put("a", "abc");
    expect((await storage.move("a", "a")).key).toBe("a");
    expect(await textOf(storage, "a")).toBe("abc");
  });

  it("copies and moves onto a free key only when it is told so", async () => {
    const storage = createStorage(memory());
    await storage.put("a", "abc");
    await storage.put("b", "old");
    expect(await rejection(storage.copy("a", "b", { ifNoneMatch: "*" }))).toMatchObject({
      code: "AlreadyExists",
    });
    expect(await rejection(storage.move("a", "b", { ifNoneMatch: "*" }))).toMatchObject({
      code: "AlreadyExists",
    });
    expect(await textOf(storage, "a")).toBe("abc");
    expect(await textOf(storage, "b")).toBe("old");
  });

  it("says of a move whose delete fails that both are there", async () => {
    const { provider } = testMember("disk", {
      without: ["move"],
      fault: failing("PermissionDenied", {}, "delete"),
    });
    const storage = createStorage(provider);
    await storage.put("a", "abc");
    expect(await rejection(storage.move("a", "b"))).toMatchObject({
      code: "PermissionDenied",
      operation: "move",
      applied: "yes",
    });
    expect(await textOf(storage, "b")).toBe("abc");
  });

  it("lists every object over all pages, fetched as they are needed", async () => {
    const { provider, calls } = testMember("disk");
    const storage = createStorage(provider);
    for (const key of ["b", "a", "c", "d/e"]) await storage.put(key, "x");
    calls.length = 0;
    const keys: string[] = [];
    for await (const { key } of storage.list({ limit: 1 })) keys.push(key);
    expect(keys).toEqual(["a", "b", "c", "d/e"]);
    calls.length = 0;
    for await (const { key } of storage.list({ limit: 1 })) if (key === "b") break;
    expect(calls).toEqual(["list", "list"]);
  });

  it("gives a page of objects and common prefixes", async () => {
    const storage = createStorage(memory());
    for (const key of ["a", "b/c", "b/d", "e"]) await storage.put(key, "x");
    const page = await storage.listPage({ delimiter: "/", limit: 2 });
    expect([page.objects.map(({ key }) => key), page.prefixes]).toEqual([["a"], ["b/"]]);
    const rest = await storage.listPage({ delimiter: "/", limit: 2, cursor: page.cursor });
    expect(rest).toMatchObject({ objects: [{ key: "e" }], prefixes: [] });
    expect(rest.cursor).toBeUndefined();
  });

  it("locates refs, and reads, writes and deletes through them", async () => {
    const storage = createStorage(memory());
    const { ref } = await storage.put("a", "abc");
    expect(storage.locate(ref)).toEqual({ key: "a", provider: "memory", ref });
    expect(storage.locate("s3://elsewhere/a")).toBeUndefined();
    const at = storage.at(ref);
    expect(at).toMatchObject({ key: "a", provider: "memory", ref });
    expect(await (await at.get({ range: { suffix: 1 } })).text()).toBe("c");
    expect((await at.head()).size).toBe(3);
    await at.put("other");
    expect(await textOf(storage, "a")).toBe("other");
    await at.delete();
    expect(await at.exists()).toBe(false);
  });

  it("says InvalidArgument for a ref of nobody", () => {
    expect(() => createStorage(memory()).at("s3://elsewhere/a")).toThrow(
      expect.objectContaining({ code: "InvalidArgument" }),
    );
  });

  it("says Unsupported for verbs that the provider does not have", async () => {
    const storage = createStorage(memory());
    expect(() => storage.publicUrl("a")).toThrow(expect.objectContaining({ code: "Unsupported" }));
    for (const call of [
      storage.signedUrl("a"),
      storage.signUpload("a", { maxBytes: 1 }),
      storage.importFrom("a", "https://example.org"),
    ]) {
      expect(await rejection(call)).toMatchObject({ code: "Unsupported", applied: "no", key: "a" });
    }
    expect(storage.multipart).toBeUndefined();
  });

  it("passes the optional verbs on", async () => {
    const provider: StorageProvider = {
      ...memory(),
      publicUrl: (key) => `https://example.org/${key}`,
      signedUrl: async (key, { expiresInSeconds }) => `https://example.org/${key}?${expiresInSeconds}`,
    };
    const storage = createStorage(provider);
    expect(storage.publicUrl("a")).toBe("https://example.org/a");
    expect(await storage.signedUrl("a", { expiresInSeconds: 60 })).toBe("https://example.org/a?60");
  });

  it("puts retries and limits around a bare provider, and none around one that has them", () => {
    const types = (provider: StorageProvider): string[] => {
      const found: string[] = [];
      for (let at = createStorage(provider).describe(); ;) {
        found.push(at.type);
        const [inner] = at.members ?? [];
        if (inner === undefined) return found;
        at = inner;
      }
    };
    expect(types(memory())).toEqual(["retry", "timeout", "memory"]);
    expect(types(retry(memory()))).toEqual(["retry", "memory"]);
  });

  it("tries a bare provider three times, and once when it is told so", async () => {
    const { provider, calls } = testMember("disk", { fault: failing("Unavailable") });
    await rejection(createStorage(provider, quick).head("a"));
    expect(calls.splice(0)).toHaveLength(3);
    await rejection(createStorage(provider, { retry: false }).head("a"));
    expect(calls).toHaveLength(1);
  });
});

describe("wrong keys", () => {
  const wrong: readonly (readonly [string, (storage: FileStorage, key: string) => unknown])[] = [
    ["put", (storage, key) => storage.put(key, "x")],
    ["get", (storage, key) => storage.get(key)],
    ["head", (storage, key) => storage.head(key)],
    ["exists", (storage, key) => storage.exists(key)],
    ["delete", (storage, key) => storage.delete(key)],
    ["copy", (storage, key) => storage.copy(key, "a")],
    ["copy", (storage, key) => storage.copy("a", key)],
    ["move", (storage, key) => storage.move(key, "a")],
    ["move", (storage, key) => storage.move("a", key)],
    ["download", (storage, key) => storage.download(key, "/nowhere/x")],
    ["signedUrl", (storage, key) => storage.signedUrl(key)],
    ["signUpload", (storage, key) => storage.signUpload(key, { maxBytes: 1 })],
    ["importFrom", (storage, key) => storage.importFrom(key, "https://example.org")],
  ];

  it.each(wrong)("are refused by %s with InvalidKey, and nothing is asked", async (_, call) => {
    const { storage, calls } = storageWith({});
    expect(await rejection(call(storage, "a//b") as Promise<unknown>)).toMatchObject({
      code: "InvalidKey",
      key: "a//b",
    });
    expect(calls).toEqual([]);
  });

  it.each(wrong)("of another type are a TypeError of %s", async (_, call) => {
    const { storage, calls } = storageWith({});
    expect(await rejection(call(storage, 5 as never) as Promise<unknown>)).toBeInstanceOf(TypeError);
    expect(calls).toEqual([]);
  });

  it.each(wrong)("that the provider cannot hold are refused by %s with Unsupported", async (_, call) => {
    const { storage, calls } = storageWith({ keyBytesMax: 10 });
    expect(await rejection(call(storage, "k".repeat(11)) as Promise<unknown>)).toMatchObject({
      code: "Unsupported",
      applied: "no",
    });
    expect(calls).toEqual([]);
  });

  it("are refused as prefixes of a listing", async () => {
    const { storage, calls } = storageWith({});
    expect(await rejection(storage.listPage({ prefix: "../" }))).toMatchObject({ code: "InvalidKey" });
    expect(await rejection(storage.listPage({ prefix: 5 as never }))).toBeInstanceOf(TypeError);
    expect(calls).toEqual([]);
  });
});

describe("options that the provider does not support", () => {
  const refused: readonly (readonly [
    string,
    Partial<Supports>,
    (storage: FileStorage) => Promise<unknown>,
  ])[] = [
    ["create-only puts", { ifNoneMatch: false }, (storage) => storage.put("a", "x", { ifNoneMatch: "*" })],
    ["conditional puts", { ifMatch: false }, (storage) => storage.put("a", "x", { ifMatch: '"1"' })],
    ["metadata", { metadata: false }, (storage) => storage.put("a", "x", { metadata: { a: "b" } })],
    ["idempotency keys", { metadata: false }, (storage) => storage.put("a", "x", { idempotencyKey: "i" })],
    ["empty objects", { emptyObject: false }, (storage) => storage.put("a", "")],
    ["ranges", { range: false }, (storage) => storage.get("a", { range: { offset: 0 } })],
    [
      "conditional deletes",
      { conditionalDelete: false },
      (storage) => storage.delete("a", { ifMatch: '"1"' }),
    ],
    ["create-only copies", { ifNoneMatch: false }, (storage) => storage.copy("a", "b", { ifNoneMatch: "*" })],
  ];

  it.each(refused)("are refused with Unsupported before a byte moves: %s", async (_, supports, call) => {
    const { storage, calls } = storageWith(supports);
    expect(await rejection(call(storage))).toMatchObject({
      code: "Unsupported",
      applied: "no",
      provider: "disk",
    });
    expect(calls).toEqual([]);
  });

  it("are not meant by empty metadata", async () => {
    const { storage } = storageWith({ metadata: false });
    expect((await storage.put("a", "x", { metadata: {} })).size).toBe(1);
  });

  it("are bodies that are too large, refused with TooLarge", async () => {
    const { storage, calls } = storageWith({ objectBytesMax: 10 });
    expect(await rejection(storage.put("a", Buffer.alloc(11)))).toMatchObject({
      code: "TooLarge",
      applied: "no",
    });
    expect(await rejection(storage.put("a", streamOf(bytes), { size: 11 }))).toMatchObject({
      code: "TooLarge",
    });
    expect(calls).toEqual([]);
  });
});

describe("wrong options", () => {
  const wrong: readonly (readonly [string, (storage: FileStorage) => Promise<unknown>])[] = [
    ["both conditions", (storage) => storage.put("a", "x", { ifMatch: '"1"', ifNoneMatch: "*" })],
    ["ifNoneMatch of an ETag", (storage) => storage.put("a", "x", { ifNoneMatch: '"1"' as never })],
    ["ifNoneMatch of a copy", (storage) => storage.copy("a", "b", { ifNoneMatch: '"1"' as never })],
    ["an empty ifMatch", (storage) => storage.put("a", "x", { ifMatch: "" })],
    ["ifMatch of a number", (storage) => storage.get("a", { ifMatch: 1 as never })],
    ["ifMatch of a delete", (storage) => storage.delete("a", { ifMatch: null as never })],
    ["ifMatch of a download", (storage) => storage.download("a", "/nowhere/x", { ifMatch: "" })],
    ["a path of another type", (storage) => storage.download("a", undefined as never)],
    ["a range of text", (storage) => storage.get("a", { range: "bytes=0-1" as never })],
    ["an unknown option", (storage) => storage.put("a", "x", { contenttype: "a/b" } as object)],
    [
      "an unknown part of a range",
      (storage) => storage.get("a", { range: { offset: 2, lenght: 3 } as never }),
    ],
    ["both kinds of range", (storage) => storage.get("a", { range: { offset: 2, suffix: 3 } as never })],
    ["a signal that is none", (storage) => storage.head("a", { signal: new AbortController() as never })],
    ["a listener that is none", (storage) => storage.put("a", "x", { onProgress: 5 as never })],
    ["a listener of many that is none", (storage) => storage.putMany([], { onResult: 5 as never })],
    ["a negative size", (storage) => storage.put("a", "x", { size: -1 })],
    ["a content type of a number", (storage) => storage.put("a", "x", { contentType: 5 as never })],
    ["metadata of text", (storage) => storage.put("a", "x", { metadata: "a=b" as never })],
    ["a body of a number", (storage) => storage.put("a", 5 as never)],
    ["a limit of 0", (storage) => storage.listPage({ limit: 0 })],
    ["a limit of text", (storage) => storage.listPage({ limit: "5" as never })],
    ["another delimiter", (storage) => storage.listPage({ delimiter: "-" as never })],
    ["a cursor of a number", (storage) => storage.listPage({ cursor: 5 as never })],
    ["a time limit of 0", (storage) => storage.head("a", { timeoutMs: 0 })],
    ["a time limit of text", (storage) => storage.head("a", { timeoutMs: "x" as never })],
    ["an empty idempotency key", (storage) => storage.put("a", "x", { idempotencyKey: "" })],
    ["a long idempotency key", (storage) => storage.put("a", "x", { idempotencyKey: "i".repeat(201) })],
  ];

  it.each(wrong)("are a TypeError, and nothing is asked: %s", async (_, call) => {
    const { storage, calls } = storageWith({});
    expect(await rejection(call(storage))).toBeInstanceOf(TypeError);
    expect(calls).toEqual([]);
  });

  it.each([
    [
      "headers with line breaks",
      (storage: FileStorage) => storage.put("a", "x", { contentDisposition: "a\r\nb: c" }),
    ],
    [
      "metadata with line breaks",
      (storage: FileStorage) => storage.put("a", "x", { metadata: { a: "x\ny" } }),
    ],
    ["a foreign cursor", (storage: FileStorage) => storage.listPage({ cursor: "nonsense" })],
  ])("of the right type are InvalidArgument: %s", async (_, call) => {
    const { storage } = storageWith({});
    expect(await rejection(call(storage))).toMatchObject({ code: "InvalidArgument", applied: "no" });
  });

  it("may be undefined, whatever their name", async () => {
    const { storage } = storageWith({});
    await storage.put("a", "0123456789");
    const range = { offset: 2, length: undefined, suffix: undefined } as never;
    expect(await (await storage.get("a", { range })).text()).toBe("23456789");
    const { objects } = await storage.listPage({ delimiter: undefined });
    expect(objects).toHaveLength(1);
    for await (const { key } of storage.list({ delimiter: undefined } as object)) expect(key).toBe("a");
  });

  it.each([
    { retry: { atempts: 5 } },
    { retry: "no" },
    { retry: true },
    { timeouts: { controllMs: 3 } },
    { onEvent: {} },
  ])("of a storage are a TypeError also over a composer: %j", (options) => {
    expect(() => createStorage(fallback([memory()]), options as object)).toThrow(TypeError);
    expect(() => fallback([memory()], options as object)).toThrow(TypeError);
  });

  it.each([Number.NaN, -1, "10s" as never])("of a close are a TypeError: %j", async (graceMs) => {
    const { storage } = storageWith({});
    expect(await rejection(storage.close({ graceMs }))).toBeInstanceOf(TypeError);
  });

  it.each([{ sourceIdleMs: -1 }, { sourceIdleMs: Number.NaN }, { sourceIdleMs: "5" as never }])(
    "of the storage are a TypeError: %j",
    (options) => {
      expect(() => createStorage(memory(), options)).toThrow(TypeError);
    },
  );
});

describe("a move", () => {
  it("copies what it has seen, also when sourceIfMatch is undefined", async () => {
    const inner = memory();
    const conditions: unknown[] = [];
    const copy: StorageProvider["copy"] = async (from, to, options) => {
      conditions.push(options.sourceIfMatch);
      return (await inner.copy?.(from, to, options)) as ObjectInfo;
    };
    const storage = createStorage({ ...inner, copy, move: undefined });
    const { etag } = await storage.put("a", "abc");
    await storage.move("a", "b", { sourceIfMatch: undefined });
    expect(conditions).toEqual([etag]);
  });
});

describe("a put", () => {
  it.each([
    ["failing", failingSource],
    ["short", () => streamOf(bytes.subarray(1))],
    ["overlong", () => streamOf(Buffer.concat([bytes, bytes]))],
  ])("of a %s source commits nothing, and the old object stays", async (_, make) => {
    const storage = createStorage(memory());
    await storage.put("a", "old");
    expect(await rejection(storage.put("a", make(), { size: bytes.byteLength }))).toMatchObject({
      code: "SourceError",
      applied: "no",
    });
    expect(await textOf(storage, "a")).toBe("old");
  });

  it("of a source that falls silent is a SourceError after sourceIdleMs", async () => {
    const storage = createStorage(memory(), { sourceIdleMs: 15 });
    const source = new PassThrough();
    source.write("abc");
    expect(await rejection(storage.put("a", source))).toMatchObject({ code: "SourceError" });
    expect(source.destroyed).toBe(true);
    expect(await storage.exists("a")).toBe(false);
  });

  it("tells of its progress up to the whole", async () => {
    const seen: { loaded: number; total?: number | undefined }[] = [];
    const onProgress = (progress: { loaded: number; total?: number | undefined }): void =>
      void seen.push(progress);
    await createStorage(memory()).put("a", streamOf(bytes), { size: bytes.byteLength, onProgress });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toEqual({ loaded: bytes.byteLength, total: bytes.byteLength });
    expect(seen.map(({ loaded }) => loaded)).toEqual(seen.map(({ loaded }) => loaded).sort((a, b) => a - b));
  });

  it("gives the key's content type, unless another is given", async () => {
    const storage = createStorage(memory());
    expect((await storage.put("a/seg.ts", "x")).contentType).toBe("video/mp2t");
    expect((await storage.put("a/seg.ts", "x", { contentType: "text/x-typescript" })).contentType).toBe(
      "text/x-typescript",
    );
  });

  it("whose answer was lost once is one object", async () => {
    const { provider } = testMember("disk", { fault: failingAtFirst(1, losingAnswers("put"), "put") });
    const storage = createStorage(provider, quick);
    expect(await storage.put("a", "abc", { ifNoneMatch: "*" })).toMatchObject({ size: 3 });
  });
});

function failingSource(): Readable {
  return Readable.from(
    (async function* () {
      yield bytes.subarray(0, 1000);
      throw new Error("broken");
    })(),
  );
}

describe("an abort", () => {
  const reasons = [
    ["an Error", new Error("stop")],
    ["text", "stop"],
    ["the default", undefined],
  ] as const;

  it.each(reasons)("before a call rejects with its reason, and nothing is asked: %s", async (_, reason) => {
    const { storage, calls } = storageWith({});
    const controller = new AbortController();
    controller.abort(reason);
    const { signal } = controller;
    const pending = [
      storage.put("a", "x", { signal }),
      storage.get("a", { signal }),
      storage.head("a", { signal }),
      storage.delete("a", { signal }),
      storage.copy("a", "b", { signal }),
      storage.move("a", "b", { signal }),
      storage.listPage({ signal }),
      storage.download("a", "/nowhere/x", { signal }),
      storage.deleteMany(["a"], { signal }),
      storage.deletePrefix("a/", { signal }),
    ];
    for (const call of pending) expect(await rejection(call)).toBe(signal.reason);
    expect(calls).toEqual([]);
  });

  it.each(reasons)("during a put rejects with its reason and commits nothing: %s", async (_, reason) => {
    const storage = createStorage(memory());
    await storage.put("a", "old");
    const source = new PassThrough();
    const controller = new AbortController();
    const put = rejection(storage.put("a", source, { signal: controller.signal }));
    source.write("abc");
    await until(() => source.readableLength === 0);
    controller.abort(reason);
    expect(await put).toBe(controller.signal.reason);
    expect(source.destroyed).toBe(true);
    expect(await textOf(storage, "a")).toBe("old");
  });

  it("after a put changes nothing", async () => {
    const storage = createStorage(memory());
    const controller = new AbortController();
    await storage.put("a", "abc", { signal: controller.signal });
    controller.abort();
    expect(await textOf(storage, "a")).toBe("abc");
  });

  it("during a put whose iterator never answers rejects at once", async () => {
    const storage = createStorage(memory());
    const controller = new AbortController();
    const stuck = (async function* () {
      yield "abc";
      await new Promise(() => {});
    })();
    const put = rejection(storage.put("a", stuck, { signal: controller.signal }));
    setTimeout(() => controller.abort("stop"), 10);
    expect(await put).toBe("stop");
  });

  it("during a put whose function never answers rejects at once", async () => {
    const storage = createStorage(memory());
    const controller = new AbortController();
    const put = rejection(
      storage.put("a", () => new Promise<string>(() => {}), { signal: controller.signal }),
    );
    setTimeout(() => controller.abort("stop"), 10);
    expect(await put).toBe("stop");
  });

  it.each(reasons)(
    "after get has opened an object fails its body with the reason, and releases it: %s",
    async (_, reason) => {
      const inner = memory();
      const source = streaming(inner, () => silent());
      const storage = createStorage(source);
      await storage.put("a", "abc");
      const controller = new AbortController();
      const object = await storage.get("a", { signal: controller.signal });
      const failed = rejection(object.bytes());
      controller.abort(reason);
      expect(await failed).toBe(controller.signal.reason);
      expect(source.opened[0]?.destroyed).toBe(true);
    },
  );

  it("after get has opened an object that nobody reads is no uncaught exception", async () => {
    const inner = memory();
    const source = streaming(inner, () => silent());
    const storage = createStorage(source);
    await storage.put("a", "abc");
    const controller = new AbortController();
    const caught = await uncaughtDuring(async () => {
      await storage.get("a", { signal: controller.signal });
      controller.abort(new Error("stop"));
      await until(() => source.opened[0]?.destroyed === true);
    });
    expect(caught).toEqual([]);
  });

  it("is heeded by a listing between pages", async () => {
    const storage = createStorage(memory());
    for (const key of ["a", "b"]) await storage.put(key, "x");
    const controller = new AbortController();
    const read = async (): Promise<void> => {
      for await (const { key } of storage.list({ limit: 1, signal: controller.signal })) {
        if (key === "a") controller.abort("stop");
      }
    };
    expect(await rejection(read())).toBe("stop");
  });
});

function silent(): Readable {
  const stream = new PassThrough();
  stream.write("a");
  return stream;
}

describe("objects that are not read to their end", () => {
  it.each([
    ["dropped before they are read", (object: Awaited<ReturnType<FileStorage["get"]>>) => object.destroy()],
    [
      "left in the middle",
      async (object: Awaited<ReturnType<FileStorage["get"]>>) => {
        for await (const chunk of object) if (chunk.byteLength > 0) break;
      },
    ],
    ["disposed", (object: Awaited<ReturnType<FileStorage["get"]>>) => object[Symbol.asyncDispose]()],
    ["cancelled as Web streams", (object: Awaited<ReturnType<FileStorage["get"]>>) => object.body.cancel()],
  ])("leave nothing open when 20 are %s", async (_, drop) => {
    const source = streaming(memory(), () => silent());
    const storage = createStorage(source);
    await storage.put("a", "abc");
    for (let round = 0; round < 20; round++) await Promise.resolve(drop(await storage.get("a")));
    await until(() => source.opened.every(({ destroyed }) => destroyed));
    expect(source.opened).toHaveLength(20);
  });
});

describe("timeoutMs", () => {
  it.each<readonly [string, string, (storage: FileStorage) => Promise<unknown>]>([
    ["put", "unknown", (storage) => storage.put("a", "x", { timeoutMs: 15 })],
    ["head", "no", (storage) => storage.head("a", { timeoutMs: 15 })],
    ["get", "no", (storage) => storage.get("a", { timeoutMs: 15 })],
    ["delete", "unknown", (storage) => storage.delete("a", { timeoutMs: 15 })],
    ["copy", "unknown", (storage) => storage.copy("a", "b", { timeoutMs: 15 })],
    ["list", "no", (storage) => storage.listPage({ timeoutMs: 15 })],
  ])("ends a %s with Timeout that is not tried again", async (operation, applied, call) => {
    const { provider, calls } = testMember("disk", { fault: waiting() });
    expect(await rejection(call(createStorage(provider, quick)))).toMatchObject({
      code: "Timeout",
      operation,
      applied,
      retryable: false,
      reason: "the call took longer than its limit of 15 ms",
    });
    expect(calls).toHaveLength(1);
  });

  it("covers all tries and pauses together", async () => {
    const { provider } = testMember("disk", { fault: failing("Unavailable") });
    const storage = createStorage(provider, {
      retry: { attempts: 5, baseMs: 60_000, maxDelayMs: 60_000 },
    });
    expect(await rejection(storage.head("a", { timeoutMs: 15 }))).toMatchObject({ code: "Timeout" });
  });

  it("does not end the reading of an object", async () => {
    const source = streaming(memory());
    const storage = createStorage(source);
    await storage.put("a", "abc");
    const object = await storage.get("a", { timeoutMs: 1000 });
    expect(await object.text()).toBe("abc");
  });

  it("leaves no timer when the call is done", async () => {
    const storage = createStorage(memory());
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    await storage.put("a", "x", { timeoutMs: 60_000 });
    await rejection(storage.head("b", { timeoutMs: 60_000 }));
    expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout")).toHaveLength(before);
  });

  it.each([2 ** 31, Number.POSITIVE_INFINITY])("may be as long as %d", async (timeoutMs) => {
    const { provider } = testMember("disk", { fault: waiting("head") });
    const controller = new AbortController();
    setTimeout(() => controller.abort("stop"), 20);
    const head = createStorage(provider).head("a", { timeoutMs, signal: controller.signal });
    expect(await rejection(head)).toBe("stop");
  });
});

describe("events", () => {
  function listening(provider: StorageProvider): { storage: FileStorage; events: StorageEvent[] } {
    const events: StorageEvent[] = [];
    return {
      events,
      storage: createStorage(provider, { ...quick, onEvent: (event) => void events.push(event) }),
    };
  }

  it("tell of every call when it has settled", async () => {
    const { storage, events } = listening(memory({ name: "disk" }));
    await storage.put("a", "abc");
    await (await storage.get("a")).text();
    await rejection(storage.head("b"));
    expect(events).toMatchObject([
      { type: "attempt", operation: "put", provider: "disk", key: "a", size: 3 },
      { type: "operation", operation: "put", provider: "disk", key: "a", size: 3 },
      { type: "attempt", operation: "get", provider: "disk", key: "a" },
      { type: "operation", operation: "get", provider: "disk", key: "a", size: 3 },
      { type: "read", provider: "disk", key: "a", bytes: 3 },
      { type: "attempt", operation: "head", provider: "disk", key: "b", error: { code: "NotFound" } },
      { type: "operation", operation: "head", provider: "disk", key: "b", error: { code: "NotFound" } },
    ]);
    for (const event of events)
      expect((event as { milliseconds: number }).milliseconds).toBeGreaterThanOrEqual(0);
  });

  it("tell of each retry", async () => {
    const { storage, events } = listening(
      testMember("disk", { fault: failingAtFirst(1, failing("Unavailable")) }).provider,
    );
    await storage.put("a", "abc");
    expect(events.map(({ type }) => type)).toEqual(["attempt", "retry", "attempt", "operation"]);
  });

  it.each<readonly [string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("listener");
      },
    ],
    ["rejects", () => Promise.reject(new Error("listener"))],
  ])("change nothing when the listener %s", async (_, listener) => {
    const storage = createStorage(memory(), { onEvent: listener as () => void });
    const caught = await uncaughtDuring(async () => {
      expect((await storage.put("a", "abc")).size).toBe(3);
    });
    expect(caught).toEqual([]);
  });
});

describe("errors", () => {
  it.each([new Error("boom"), "boom", undefined])(
    "of a provider that are no StorageErrors become Unknown: %s",
    async (cause) => {
      const storage = createStorage(testMember("disk", { fault: () => Promise.reject(cause) }).provider);
      const error = await rejection(storage.put("a", "x"));
      expect(error).toMatchObject({
        code: "Unknown",
        applied: "unknown",
        operation: "put",
        provider: "disk",
        key: "a",
      });
      expect((error as Error).cause).toBe(cause);
    },
  );

  it("never carry the text of a foreign error", async () => {
    const cause = new Error("https://key:secret@host");
    const storage = createStorage(testMember("disk", { fault: () => Promise.reject(cause) }).provider);
    expect(((await rejection(storage.get("a"))) as Error).message).not.toContain("secret");
  });
});

describe("close", () => {
  it("waits for calls that are under way", async () => {
    const { provider } = testMember("disk");
    const storage = createStorage(provider);
    const source = new PassThrough();
    const put = storage.put("a", source);
    const closed = storage.close();
    source.end("abc");
    await closed;
    expect((await put).size).toBe(3);
  });

  it.each([
    ["with limits of time", {}],
    ["without limits of time", { timeouts: false as const }],
  ])("aborts what is still open after graceMs, %s", async (_, options) => {
    const { provider } = testMember("disk", { fault: waiting("put") });
    const storage = createStorage(provider, options);
    const put = rejection(storage.put("a", "x"));
    await storage.close({ graceMs: 10 });
    expect(await put).toMatchObject({ code: "Unavailable", retryable: false });
  });

  it("refuses calls that come later with Unavailable", async () => {
    const { storage, calls } = storageWith({});
    await storage.close();
    const pending = [
      storage.put("a", "x"),
      storage.get("a"),
      storage.head("a"),
      storage.delete("a"),
      storage.copy("a", "b"),
      storage.listPage(),
      storage.deleteMany(["a"]),
    ];
    for (const call of pending) {
      expect(await rejection(call)).toMatchObject({ code: "Unavailable", retryable: false, applied: "no" });
    }
    const [result] = await storage.putMany([{ key: "a", body: "x" }]);
    expect(isStorageError(result?.error, "Unavailable")).toBe(true);
    expect(calls).toEqual([]);
  });

  it("closes the provider, and may be called twice", async () => {
    let closes = 0;
    const storage = createStorage({ ...memory(), close: async () => void closes++ });
    await Promise.all([storage.close(), storage.close()]);
    await storage.close();
    expect(closes).toBeGreaterThanOrEqual(1);
  });

  it("waits for objects that are being read", async () => {
    const source = streaming(memory());
    const storage = createStorage(source);
    await storage.put("a", "abc");
    const object = await storage.get("a");
    let closed = false;
    const closing = storage.close().then(() => (closed = true));
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(false);
    expect(await object.text()).toBe("abc");
    await closing;
    expect(source.opened[0]?.destroyed).toBe(true);
  });

  it("waits for objects whose get is still under way", async () => {
    const source = streaming(memory());
    const storage = createStorage(source);
    await storage.put("a", "abc");
    const got = storage.get("a");
    const closing = storage.close();
    expect(await (await got).text()).toBe("abc");
    await closing;
  });

  it("releases objects that are still open after graceMs", async () => {
    const source = streaming(memory(), () => silent());
    const storage = createStorage(source);
    await storage.put("a", "abc");
    const caught = await uncaughtDuring(async () => {
      await storage.get("a");
      const read = await storage.get("a");
      const failed = rejection(read.bytes());
      await storage.close({ graceMs: 10 });
      expect(await failed).toMatchObject({ code: "Unavailable" });
    });
    expect(source.opened.map(({ destroyed }) => destroyed)).toEqual([true, true]);
    expect(caught).toEqual([]);
  });

  it("leaves no timer and no listener behind", async () => {
    const storage = createStorage(memory());
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    await storage.put("a", "x");
    await storage.close();
    expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout")).toHaveLength(before);
  });

  it("does not wait for ever for a provider that heeds nothing", async () => {
    const { provider } = testMember("disk", { fault: hanging("head") });
    const storage = createStorage(provider, { timeouts: { controlMs: 30 }, retry: false });
    const head = rejection(storage.head("a"));
    await storage.close({ graceMs: 5 });
    expect(await head).toBeInstanceOf(Error);
  });

  it("aborts the reading of a body for its digest", async () => {
    const storage = createStorage(memory());
    const source = new PassThrough();
    source.write("abc");
    const failed = rejection(storage.put("a", source, { idempotencyKey: "i" }));
    await until(() => source.readableLength === 0);
    await storage.close({ graceMs: 5 });
    expect(await failed).toMatchObject({ code: "Unavailable" });
    expect(source.destroyed).toBe(true);
  });

  it("aborts a download on its way", async () => {
    const source = streaming(memory(), () => silent());
    const storage = createStorage(source);
    await storage.put("a", "abc");
    const failed = rejection(storage.download("a", "/tmp/stowage-close-test"));
    await until(() => source.opened.length === 1);
    await storage.close({ graceMs: 5 });
    expect(await failed).toMatchObject({ code: "Unavailable" });
  });
});
