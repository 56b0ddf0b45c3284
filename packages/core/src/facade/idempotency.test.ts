import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { fallback } from "../compose/fallback.js";
import { createStorage } from "./create-storage.js";
import { memory } from "../memory/memory.js";
import { failing, failingAtFirst, losingAnswers, testMember } from "../testing/member.test-support.js";
import { openFiles, patterned, rejection, streamOf } from "../testing/streams.test-support.js";

const bytes = patterned(2_000_000);

describe("a put with an idempotency key", () => {
  it("that is repeated with the same bytes returns what the first returned, and writes nothing", async () => {
    const { provider, calls } = testMember("disk");
    const storage = createStorage(provider);
    const first = await storage.put("a", bytes, { idempotencyKey: "upload-1" });
    expect(await storage.put("a", streamOf(bytes), { idempotencyKey: "upload-1" })).toEqual(first);
    expect(calls.filter((call) => call === "put a")).toHaveLength(1);
  });

  it("that is repeated with other bytes is a Conflict, and writes nothing", async () => {
    const storage = createStorage(memory());
    const first = await storage.put("a", "abc", { idempotencyKey: "upload-1" });
    expect(await rejection(storage.put("a", "abd", { idempotencyKey: "upload-1" }))).toMatchObject({
      code: "Conflict",
      applied: "no",
      key: "a",
    });
    expect(await storage.head("a")).toEqual(first);
  });

  it("replaces what another key wrote, and one that has none", async () => {
    const storage = createStorage(memory());
    await storage.put("a", "1");
    await storage.put("a", "2", { idempotencyKey: "two" });
    await storage.put("a", "3", { idempotencyKey: "three" });
    expect(await (await storage.get("a")).text()).toBe("3");
  });

  it("is one for each object", async () => {
    const storage = createStorage(memory());
    await storage.put("a", "1", { idempotencyKey: "same" });
    await storage.put("b", "2", { idempotencyKey: "same" });
    expect(await (await storage.get("b")).text()).toBe("2");
  });

  it.each([
    ["a string", () => "some text"],
    ["a Blob", () => new Blob(["some text"])],
    ["a stream", () => streamOf(Buffer.from("some text"))],
    ["a function", () => () => streamOf(Buffer.from("some text"))],
  ])("knows the same bytes in any kind of body: %s", async (_, make) => {
    const storage = createStorage(memory());
    const first = await storage.put("a", "some text", { idempotencyKey: "i" });
    expect(await storage.put("a", make(), { idempotencyKey: "i" })).toEqual(first);
  });

  it("keeps a stream of any length for its digest, and leaves nothing behind", async () => {
    const before = await spools();
    const storage = createStorage(memory());
    await storage.put("a", streamOf(bytes), { idempotencyKey: "i" });
    expect(bytes.equals(await (await storage.get("a")).bytes())).toBe(true);
    await rejection(storage.put("a", streamOf(bytes.subarray(1)), { idempotencyKey: "i" }));
    expect(await spools()).toEqual(before);
  });

  it("of a failing source is a SourceError, and writes nothing", async () => {
    const storage = createStorage(memory());
    const broken = (async function* () {
      yield "abc";
      throw new Error("broken");
    })();
    expect(await rejection(storage.put("a", broken, { idempotencyKey: "i" }))).toMatchObject({
      code: "SourceError",
    });
    expect(await storage.exists("a")).toBe(false);
  });

  it("that lost its answer finds its own object", async () => {
    const { provider } = testMember("disk", { fault: failingAtFirst(1, losingAnswers("put"), "put") });
    const storage = createStorage(provider, { retry: false });
    expect(await rejection(storage.put("a", "abc", { idempotencyKey: "i" }))).toMatchObject({
      applied: "unknown",
    });
    expect(await storage.put("a", "abc", { idempotencyKey: "i" })).toMatchObject({ size: 3 });
  });

  it("is an error when the provider cannot say what is there", async () => {
    const { provider, calls } = testMember("disk", { fault: failing("PermissionDenied", {}, "head") });
    expect(await rejection(createStorage(provider).put("a", "abc", { idempotencyKey: "i" }))).toMatchObject({
      code: "PermissionDenied",
    });
    expect(calls).not.toContain("put a");
  });

  it("does not show the key to the provider", async () => {
    const storage = createStorage(memory());
    const info = await storage.put("a", "abc", { idempotencyKey: "secret-upload" });
    expect(JSON.stringify(info)).not.toContain("secret-upload");
  });
});

describe("two puts of one idempotency key at once", () => {
  it("with the same bytes are one object, and both return it", async () => {
    const { provider, store } = testMember("disk");
    const storage = createStorage(provider);
    const both = await Promise.all([
      storage.put("a", streamOf(bytes), { idempotencyKey: "i" }),
      storage.put("a", streamOf(bytes), { idempotencyKey: "i" }),
    ]);
    const stored = await store.head("a", {});
    expect(both).toEqual([stored, stored]);
  });

  it("with other bytes are one object and a Conflict", async () => {
    const storage = createStorage(memory());
    const settled = await Promise.allSettled([
      storage.put("a", streamOf(bytes), { idempotencyKey: "i" }),
      storage.put("a", streamOf(bytes.subarray(1)), { idempotencyKey: "i" }),
    ]);
    expect(settled.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const failed = settled.find(({ status }) => status === "rejected") as PromiseRejectedResult;
    expect(failed.reason).toMatchObject({ code: "Conflict" });
  });

  it("over an older object are one object, and both return it", async () => {
    const { provider, store } = testMember("disk");
    const storage = createStorage(provider);
    await storage.put("a", "old");
    const both = await Promise.all([
      storage.put("a", streamOf(bytes), { idempotencyKey: "i" }),
      storage.put("a", streamOf(bytes), { idempotencyKey: "i" }),
    ]);
    const stored = await store.head("a", {});
    expect(both).toEqual([stored, stored]);
  });

  it("that are create-only are one object, and both return it", async () => {
    const { provider, store } = testMember("disk");
    const storage = createStorage(provider);
    const options = { idempotencyKey: "i", ifNoneMatch: "*" } as const;
    const both = await Promise.all([
      storage.put("a", streamOf(bytes), options),
      storage.put("a", streamOf(bytes), options),
    ]);
    const stored = await store.head("a", {});
    expect(both).toEqual([stored, stored]);
  });

  it("through a chain are one object, and both return it", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const storage = createStorage(fallback([first.provider, second.provider]));
    const options = { idempotencyKey: "i" };
    const both = await Promise.all([
      storage.put("a", streamOf(bytes), options),
      storage.put("a", streamOf(bytes), options),
    ]);
    const stored = await first.store.head("a", {});
    expect(both.map(({ ref, etag }) => [ref, etag])).toEqual([
      [stored.ref, stored.etag],
      [stored.ref, stored.etag],
    ]);
    expect((await second.store.list({})).objects).toEqual([]);
  });

  it("leave it to the later one when a third writes in between", async () => {
    const { provider, store } = testMember("disk");
    const storage = createStorage(provider);
    const other = createStorage(store);
    const puts = Array.from({ length: 8 }, (_, index) =>
      index % 2 === 0
        ? storage.put("a", `i${index}`, { idempotencyKey: `i${index}` })
        : other.put("a", `o${index}`),
    );
    const settled = await Promise.allSettled(puts);
    expect(settled.filter(({ status }) => status === "rejected")).toEqual([]);
  });
});

async function spools(): Promise<readonly string[]> {
  const named = (await readdir(tmpdir())).filter((name) => name.startsWith("stowage-spool-"));
  return [...named, ...(await openFiles("stowage-spool-"))];
}
