import { describe, expect, it } from "vitest";
import { createStorage } from "./create-storage.js";
import { memory } from "../memory/memory.js";
import type { StorageProvider } from "../contract/provider.js";
import type { FileStorage } from "./storage.js";
import { failing, testMember, type TestMember } from "../testing/member.test-support.js";
import { rejection } from "../testing/streams.test-support.js";

const quick = { retry: { baseMs: 0 } };

async function fill(storage: FileStorage, keys: readonly string[]): Promise<void> {
  for (const key of keys) await storage.put(key, "x");
}

async function keysOf(provider: StorageProvider): Promise<string[]> {
  return (await provider.list({})).objects.map(({ key }) => key);
}

const kinds: readonly (readonly [string, () => TestMember])[] = [
  ["with batches", () => testMember("disk")],
  ["without batches", () => testMember("disk", { without: ["deleteMany"] })],
];

describe.each(kinds)("deleteMany on a provider %s", (_, make) => {
  it("deletes keys, those that are missing too", async () => {
    const { provider, store } = make();
    const storage = createStorage(provider);
    await fill(storage, ["a", "b", "c"]);
    expect(await storage.deleteMany(["a", "c", "nothing"])).toEqual({ deleted: 3, errors: [] });
    expect(await keysOf(store)).toEqual(["b"]);
  });

  it("takes keys from an async iterable, and more than a batch", async () => {
    const { provider, store } = make();
    const storage = createStorage(provider);
    const keys = Array.from({ length: 2500 }, (_item, index) => `k${index}`);
    await fill(storage, keys.slice(0, 50));
    const source = (async function* () {
      yield* keys;
    })();
    expect(await storage.deleteMany(source)).toEqual({ deleted: 2500, errors: [] });
    expect(await keysOf(store)).toEqual([]);
  });

  it("never rejects for a key, and deletes the others", async () => {
    const { provider, store } = make();
    const storage = createStorage(provider);
    await fill(storage, ["a", "b"]);
    const { deleted, errors } = await storage.deleteMany(["a", "x//y", "k".repeat(1025), "b"]);
    expect(deleted).toBe(2);
    expect(errors).toMatchObject([
      { key: "x//y", error: { code: "InvalidKey" } },
      { key: "k".repeat(1025), error: { code: "InvalidKey" } },
    ]);
    expect(await keysOf(store)).toEqual([]);
  });

  it("gives an error for each key when the provider is down", async () => {
    const member = make();
    const storage = createStorage(member.provider, quick);
    await fill(storage, ["a", "b"]);
    member.fault = failing("Unavailable");
    const { deleted, errors } = await storage.deleteMany(["a", "b"]);
    expect(deleted).toBe(0);
    expect(errors.map(({ key, error }) => [key, (error as { code: string }).code])).toEqual([
      ["a", "Unavailable"],
      ["b", "Unavailable"],
    ]);
  });

  it("of text is a TypeError: its letters are not keys", async () => {
    const { provider, store } = make();
    const storage = createStorage(provider);
    await fill(storage, ["a", "b", "ab"]);
    expect(await rejection(storage.deleteMany("ab"))).toBeInstanceOf(TypeError);
    expect(await keysOf(store)).toEqual(["a", "ab", "b"]);
  });

  it.each([null, undefined, 5, {}])(
    "of something that is no list of keys is a TypeError: %s",
    async (keys) => {
      expect(await rejection(createStorage(make().provider).deleteMany(keys as never))).toBeInstanceOf(
        TypeError,
      );
    },
  );

  it("of keys of another type is a TypeError", async () => {
    expect(await rejection(createStorage(make().provider).deleteMany([5 as never]))).toBeInstanceOf(
      TypeError,
    );
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("rejects with the reason of an abort between batches: %s", async (_name, reason) => {
    const controller = new AbortController();
    const { provider } = make();
    const source = (async function* () {
      for (let index = 0; index < 3000; index++) {
        if (index === 1500) controller.abort(reason);
        yield `k${index}`;
      }
    })();
    expect(await rejection(createStorage(provider).deleteMany(source, { signal: controller.signal }))).toBe(
      reason,
    );
  });
});

describe("deleteMany", () => {
  it("names the keys that could not be deleted", async () => {
    const member = testMember("disk", { without: ["deleteMany"] });
    const storage = createStorage(member.provider);
    await fill(storage, ["a", "b", "c"]);
    const denied = failing("PermissionDenied");
    member.fault = (call, next) => (call.key === "b" ? denied(call, next) : next());
    const { deleted, errors } = await storage.deleteMany(["a", "b", "c"]);
    expect(deleted).toBe(2);
    expect(errors).toMatchObject([{ key: "b", error: { code: "PermissionDenied" } }]);
    expect(await keysOf(member.store)).toEqual(["b"]);
  });

  it("passes the failures of a provider's batch on", async () => {
    const error = new Error("locked");
    const provider: StorageProvider = { ...memory(), deleteMany: async () => [{ key: "b", error }] };
    expect(await createStorage(provider).deleteMany(["a", "b"])).toEqual({
      deleted: 1,
      errors: [{ key: "b", error }],
    });
  });

  it("asks for keys that the provider cannot hold no further than itself", async () => {
    const { provider, calls } = testMember("disk", { supports: { keyBytesMax: 5 } });
    const { errors } = await createStorage(provider).deleteMany(["too-long"]);
    expect(errors).toMatchObject([{ key: "too-long", error: { code: "Unsupported" } }]);
    expect(calls).toEqual([]);
  });
});

describe("deletePrefix", () => {
  const keys = ["users/1", "users/1/a", "users/1/b/c", "users/10/a", "users/2/a"];

  it.each([
    ["users/1/", ["users/1", "users/10/a", "users/2/a"]],
    ["users/", []],
    ["users/3/", keys],
    ["users/1/b/", ["users/1", "users/1/a", "users/10/a", "users/2/a"]],
  ])("deletes what lies under %s, and nothing that only begins alike", async (prefix, left) => {
    const provider = memory();
    const storage = createStorage(provider);
    await fill(storage, keys);
    expect((await storage.deletePrefix(prefix)).deleted).toBe(keys.length - left.length);
    expect(await keysOf(provider)).toEqual(left);
  });

  it("deletes more than a page", async () => {
    const provider = memory();
    const storage = createStorage(provider);
    await fill(
      storage,
      Array.from({ length: 2300 }, (_, index) => `many/${index}`),
    );
    await storage.put("other", "x");
    expect(await storage.deletePrefix("many/")).toEqual({ deleted: 2300, errors: [] });
    expect(await keysOf(provider)).toEqual(["other"]);
  });

  it.each(["", "users/1", "/", "users//", "../", "users/../", "a\\/"])(
    "refuses %j with InvalidArgument or InvalidKey, and deletes nothing",
    async (prefix) => {
      const provider = memory();
      const storage = createStorage(provider);
      await fill(storage, keys);
      expect((await rejection(storage.deletePrefix(prefix))) as { code: string }).toMatchObject({
        code: expect.stringMatching(/^Invalid/) as string,
      });
      expect(await keysOf(provider)).toEqual(keys);
    },
  );

  it.each([null, undefined, 5])("of another type is a TypeError: %s", async (prefix) => {
    expect(await rejection(createStorage(memory()).deletePrefix(prefix as never))).toBeInstanceOf(TypeError);
  });

  it("rejects when the listing fails", async () => {
    const { provider } = testMember("disk", { fault: failing("PermissionDenied", {}, "list") });
    expect(await rejection(createStorage(provider).deletePrefix("a/"))).toMatchObject({
      code: "PermissionDenied",
    });
  });
});
