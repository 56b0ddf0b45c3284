import { describe, expect, it } from "vitest";
import { createStorage } from "../../../facade/create-storage.js";
import { memoryJournal } from "../../../memory/memory-journal.js";
import type { StorageProvider } from "../../../contract/provider.js";
import type { FileStorage } from "../../../facade/storage.js";
import { contents, place } from "../../../testing/chain.test-support.js";
import {
  down,
  failing,
  losingAnswers,
  testMember,
  type TestMember,
} from "../../../testing/member.test-support.js";
import { race, splitting, textOf } from "../../../testing/races.test-support.js";
import { rejection } from "../../../testing/streams.test-support.js";
import { fallback } from "../../fallback.js";
import { mirror } from "../../mirror.js";
import type { ObjectInfo } from "../../../contract/object.js";

interface World {
  readonly first: TestMember;
  readonly second: TestMember;
  readonly storage: FileStorage;
}

type Options = Parameters<typeof testMember>[1];

function world(make: typeof mirror | typeof fallback = mirror, options: Options = {}): World {
  const [first, second] = [testMember("first"), testMember("second", options)];
  const members: readonly StorageProvider[] = [first.provider, second.provider];
  const quick = { graceMs: 0, settleMs: 0, retry: false, journal: memoryJournal() } as const;
  return { first, second, storage: createStorage(make(members, quick)) };
}

/** What was asked of a member, without looks. */
const writes = ({ calls }: TestMember): readonly string[] =>
  calls.filter((call) => /^(put|copy|get)/.test(call));

describe("a copy by a composer with a journal", () => {
  it("is made by every member that holds the source, and moves no bytes", async () => {
    const { first, second, storage } = world();
    await storage.put("a", "abc", {
      metadata: { by: "me" },
      cacheControl: "no-cache",
      contentType: "text/x",
    });
    for (const { calls } of [first, second]) calls.length = 0;
    const info = await storage.copy("a", "b");
    expect(info).toMatchObject({ key: "b", size: 3, metadata: { by: "me" } });
    expect(info.copies?.map(({ state }) => state)).toEqual(["current", "current"]);
    expect([writes(first), writes(second)]).toEqual([["copy b"], ["copy b"]]);
    const { metadata, cacheControl, contentType, checksum } = await storage.head("b");
    expect({ metadata, cacheControl, contentType }).toEqual({
      metadata: { by: "me" },
      cacheControl: "no-cache",
      contentType: "text/x",
    });
    expect(checksum?.value).toHaveLength(64);
    expect(await storage.health()).toMatchObject({ journals: [{ rows: 0 }] });
    await storage.close();
  });

  it("has a version of its own: what is written to the source later does not touch it", async () => {
    const { first, second, storage } = world();
    await storage.put("a", "abc");
    await storage.copy("a", "b");
    await storage.put("a", "changed");
    await storage.delete("a");
    for (const member of [first, second]) expect(await contents(member)).toEqual({ b: "abc" });
    await storage.close();
  });

  it("gives the bytes to a member that cannot copy", async () => {
    const { first, second, storage } = world(mirror, { without: ["copy"] });
    await storage.put("a", "abc");
    for (const { calls } of [first, second]) calls.length = 0;
    await storage.copy("a", "b");
    expect([writes(first), writes(second)]).toEqual([["copy b", "get a"], ["put b"]]);
    expect(await contents(second)).toEqual({ a: "abc", b: "abc" });
    await storage.close();
  });

  it("gives the bytes to a member that holds something else", async () => {
    const { second, storage } = world();
    await storage.put("a", "abc");
    await place(second, "a", "something else");
    await storage.copy("a", "b");
    expect(await contents(second)).toMatchObject({ b: "abc" });
    await storage.close();
  });

  it("takes the ETag of any member's copy, and refuses another", async () => {
    const { first, second, storage } = world();
    await storage.put("a", "abc");
    const { etag } = await second.store.head("a", {});
    await storage.copy("a", "b", { sourceIfMatch: etag });
    const wrong = storage.copy("a", "c", { sourceIfMatch: '"another"' });
    expect(await rejection(wrong)).toMatchObject({ code: "PreconditionFailed", key: "a" });
    expect(await contents(first)).toEqual({ a: "abc", b: "abc" });
    await storage.close();
  });

  it("keeps its own condition, and replaces when it has none", async () => {
    const { storage } = world();
    await storage.put("a", "abc");
    await storage.put("b", "taken");
    expect(await rejection(storage.copy("a", "b", { ifNoneMatch: "*" }))).toMatchObject({
      code: "AlreadyExists",
    });
    await storage.copy("a", "b");
    expect(await (await storage.get("b")).text()).toBe("abc");
    await storage.copy("a", "a");
    expect(await (await storage.get("a")).text()).toBe("abc");
    await storage.close();
  });

  it("begins anew when its source is replaced meanwhile", async () => {
    const { first, second, storage } = world(fallback);
    await storage.put("a", "old");
    first.fault = async (call, next) => {
      if (call.operation !== "copy") return await next();
      first.fault = undefined;
      await storage.put("a", "new");
      return await next();
    };
    await storage.copy("a", "b");
    expect([await contents(first), await contents(second)]).toEqual([{ a: "new", b: "new" }, {}]);
    await storage.close();
  });

  it("is a Conflict when its source is replaced each time", async () => {
    const { first, storage } = world(fallback);
    await storage.put("a", "0");
    let count = 0;
    first.fault = async (call, next) => {
      if (call.operation === "copy") await storage.put("a", String(++count));
      return await next();
    };
    expect(await rejection(storage.copy("a", "b"))).toMatchObject({
      code: "Conflict",
      applied: "no",
      key: "b",
    });
    expect(await contents(first)).toEqual({ a: "3" });
    await storage.close();
  });

  it("says that it may have taken effect when a member has it, and another could not be given the bytes", async () => {
    const { first, second, storage } = world(mirror, { without: ["copy"] });
    await storage.put("a", "abc");
    first.fault = async (call, next) => {
      if (call.operation !== "copy") return await next();
      await next();
      first.fault = down;
      return await failing("Unavailable", { applied: "unknown" })(call, next);
    };
    const error = await rejection(storage.copy("a", "b"));
    expect(error).toMatchObject({ code: "Unavailable", applied: "unknown", key: "b" });
    first.fault = undefined;
    await storage.startRepair().idle();
    for (const member of [first, second]) expect(await contents(member)).toEqual({ a: "abc", b: "abc" });
    await storage.close();
  });

  it("onto itself leaves the object whole, also where a member needs its bytes", async () => {
    const { first, second, storage } = world(mirror, { without: ["copy"] });
    await storage.put("a", "abc");
    const { etag } = await storage.head("a");
    await storage.copy("a", "a", { sourceIfMatch: etag });
    for (const member of [first, second]) expect(await contents(member)).toEqual({ a: "abc" });
    await storage.close();
  });

  it("has the headers and metadata of one version, though its bytes are those of two", async () => {
    const { first, second, storage } = world();
    await storage.put("a", "same", { metadata: { n: "1" } });
    second.fault = async (call, next) => {
      if (call.operation !== "copy") return await next();
      // As a store does whose ETags are made of the bytes, when the source is replaced by the same bytes meanwhile.
      const info = (await next()) as ObjectInfo;
      return { ...info, metadata: { n: "2" } } as never;
    };
    await storage.copy("a", "b");
    expect(writes(second).slice(-2)).toEqual(["copy b", "put b"]);
    for (const { store } of [first, second]) expect((await store.head("b", {})).metadata).toEqual({ n: "1" });
    await storage.close();
  });

  it("of a missing object is NotFound, and makes nothing", async () => {
    const { first, storage } = world();
    expect(await rejection(storage.copy("a", "b"))).toMatchObject({ code: "NotFound", key: "a" });
    expect(await contents(first)).toEqual({});
    await storage.close();
  });

  it("knows itself when its answer was lost", async () => {
    const { first, second, storage } = world();
    await storage.put("a", "abc");
    first.fault = losingAnswers("copy");
    await storage.copy("a", "b");
    for (const member of [first, second]) expect(await contents(member)).toEqual({ a: "abc", b: "abc" });
    expect(await storage.health()).toMatchObject({ journals: [{ rows: 0 }] });
    await storage.close();
  });

  it("of an object away from home goes home with its bytes", async () => {
    const { first, second, storage } = world(fallback);
    first.fault = down;
    await storage.put("a", "abc");
    first.fault = undefined;
    await storage.copy("a", "b");
    expect(await contents(first)).toEqual({ b: "abc" });
    expect(await contents(second)).toEqual({ a: "abc" });
    await storage.close();
  });

  it("goes on to the next member where one cannot, and is repaired where one could not", async () => {
    const { first, second, storage } = world();
    await storage.put("a", "abc");
    first.fault = failing("OutOfSpace", {}, "copy", "put");
    expect(await rejection(storage.copy("a", "b"))).toMatchObject({ code: "PartialWrite" });
    first.fault = undefined;
    await storage.startRepair().idle();
    for (const member of [first, second]) expect(await contents(member)).toEqual({ a: "abc", b: "abc" });
    await storage.close();
  });
});

describe("a copy beside others", () => {
  it("of an object that is replaced, moved and read at the same time is one of its versions, whole", async () => {
    await race(splitting, async ({ start, together, settle }) => {
      const [one, other] = [start(), start()];
      await one.put("a", "1", { metadata: { n: "1" } });
      await together(
        () => one.copy("a", "b"),
        () => other.put("a", "2", { metadata: { n: "2" } }),
      );
      await settle(one);
      const copy = await one.get("b");
      expect(["1", "2"]).toContain(copy.info.metadata?.["n"]);
      expect(await copy.text()).toBe(copy.info.metadata?.["n"]);
      expect(await textOf(other)).toBe("2");
      await Promise.all([one.close(), other.close()]);
    });
  });
});
