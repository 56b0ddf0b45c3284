import { describe, expect, it } from "vitest";
import { toBody } from "../../body/body.js";
import { createStorage } from "../../facade/create-storage.js";
import type { FileStorage } from "../../facade/storage.js";
import { nextTurn } from "../../kit/clock.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import { contents } from "../../testing/chain.test-support.js";
import { down, failing, testMember, type TestMember } from "../../testing/member.test-support.js";
import { rejection } from "../../testing/streams.test-support.js";
import { fallback } from "../fallback.js";
import { mirror, type MirrorOptions } from "../mirror.js";

const QUICK = { graceMs: 0, settleMs: 0, leaseMs: 1000, retry: false, breaker: false } as const;

interface World {
  readonly a: TestMember;
  readonly b: TestMember;
  readonly storage: FileStorage;
}

function world(options: MirrorOptions = {}): World {
  const [a, b] = [testMember("a"), testMember("b")];
  const provider = mirror([a.provider, b.provider], { ...QUICK, journal: memoryJournal(), ...options });
  return { a, b, storage: createStorage(provider) };
}

async function repair(storage: FileStorage): Promise<void> {
  const worker = storage.startRepair();
  await worker.idle();
  await worker.stop();
}

/** Puts an object that a member had before back there, as a restore does. */
async function bringBack(
  member: TestMember,
  key: string,
  text: string,
  writeId: string | undefined,
): Promise<void> {
  await member.store.put(key, await toBody(text), { writeId });
}

async function writeIdOn(member: TestMember, key: string): Promise<string | undefined> {
  return (await member.store.head(key, {})).writeId;
}

describe("a delete", () => {
  it.each(["a", "b"] as const)(
    "is remembered: what comes back on %s is not read, not listed, and removed",
    async (name) => {
      const here = world();
      const { storage } = here;
      await storage.put("k", "old");
      const writeId = await writeIdOn(here.a, "k");
      await storage.delete("k");
      await repair(storage);
      await bringBack(here[name], "k", "old", writeId);
      expect(await rejection(storage.get("k"))).toMatchObject({ code: "NotFound" });
      expect((await storage.listPage()).objects).toEqual([]);
      expect(await storage.exists("k")).toBe(false);
      await repair(storage);
      expect([await contents(here.a), await contents(here.b)]).toEqual([{}, {}]);
    },
  );

  it("is no work while it is remembered", async () => {
    const { storage } = world();
    await storage.put("k", "old");
    await storage.delete("k");
    await repair(storage);
    expect(await storage.health()).toMatchObject({
      degraded: false,
      journals: [{ rows: 0, oldestSeconds: 0 }],
    });
  });

  it("leaves what a client has uploaded since", async () => {
    const { a, b, storage } = world();
    await storage.put("k", "old");
    await storage.delete("k");
    await repair(storage);
    for (const member of [a, b]) await bringBack(member, "k", "a client's", undefined);
    expect(await (await storage.get("k")).text()).toBe("a client's");
  });

  it("is over with the next put", async () => {
    const { a, storage } = world();
    await storage.put("k", "old");
    await storage.delete("k");
    await storage.put("k", "new");
    await repair(storage);
    expect(await contents(a)).toEqual({ k: "new" });
    expect(await (await storage.get("k")).text()).toBe("new");
  });

  it("is forgotten when its time is over, after everything was looked at once more", async () => {
    const journal = memoryJournal();
    const { a, storage } = world({ journal, keepDeletesMs: 0 });
    await storage.put("k", "old");
    const writeId = await writeIdOn(a, "k");
    await storage.delete("k");
    await bringBack(a, "k", "old", writeId);
    while (
      (await journal.open({ name: "mirror", type: "mirror", members: [] }).rows("", undefined, 10)).length > 0
    ) {
      await storage.provider.upkeep?.repair({});
      await nextTurn();
    }
    expect(await contents(a)).toEqual({});
  });
});

describe("an idempotent put", () => {
  const first = { idempotencyKey: "request-1" };

  it("is not made again after a newer one, and returns what it returned", async () => {
    const { storage } = world();
    const { etag, size } = await storage.put("k", "first", first);
    await storage.put("k", "second", { idempotencyKey: "request-2" });
    expect(await storage.put("k", "first", first)).toMatchObject({
      etag,
      size,
      lastModified: expect.any(Date) as Date,
    });
    expect(await (await storage.get("k")).text()).toBe("second");
  });

  it("is not made again after a delete", async () => {
    const { storage } = world();
    await storage.put("k", "first", first);
    await storage.delete("k");
    await repair(storage);
    await storage.put("k", "first", first);
    expect(await storage.exists("k")).toBe(false);
  });

  it("is a conflict with other bytes, after a newer one too", async () => {
    const { storage } = world();
    await storage.put("k", "first", first);
    await storage.put("k", "second");
    expect(await rejection(storage.put("k", "other", first))).toMatchObject({
      code: "Conflict",
      applied: "no",
    });
    expect(await (await storage.get("k")).text()).toBe("second");
  });
});

describe("a create-only put of a chain without a journal", () => {
  it("wins once, although the first member refuses one of two writers", async () => {
    const [a, b] = [testMember("a"), testMember("b")];
    let puts = 0;
    a.fault = (call, next) =>
      call.operation === "put" && ++puts === 2 ? failing("Unavailable")(call, next) : next();
    const storage = createStorage(fallback([a.provider, b.provider], { retry: false }));
    const both = await Promise.allSettled(
      ["one", "two"].map((text) => storage.put("k", text, { ifNoneMatch: "*" })),
    );
    expect(both.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(both.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "AlreadyExists" },
    });
    expect([await contents(a), await contents(b)]).toEqual([{ k: "one" }, {}]);
  });

  it("goes on to the next member while the first is down", async () => {
    const [a, b] = [testMember("a"), testMember("b")];
    a.fault = down;
    const storage = createStorage(fallback([a.provider, b.provider], { retry: false }));
    expect(await storage.put("k", "x", { ifNoneMatch: "*" })).toMatchObject({
      provider: "b",
      unconfirmed: ["a"],
    });
  });
});

describe("reads that are verified", () => {
  it.each(["small", "x".repeat(1_500_000)])("give the bytes that were put, or Integrity", async (text) => {
    const { a, storage } = world({ verifyReads: true });
    await storage.put("k", text);
    const wrong = text.replace("s", "S").replace("x", "X");
    await bringBack(a, "k", wrong, await writeIdOn(a, "k"));
    const read = await storage
      .get("k")
      .then(
        async (object) => await object.text().catch((error: unknown) => (error as { code: string }).code),
      );
    expect(read === text || read === "Integrity").toBe(true);
    await repair(storage);
    expect(await contents(a)).toEqual({ k: text });
    expect(await (await storage.get("k")).text()).toBe(text);
  });
});
