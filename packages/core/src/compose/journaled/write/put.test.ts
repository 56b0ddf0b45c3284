import { describe, expect, it } from "vitest";
import { toBody } from "../../../body/body.js";
import { createStorage } from "../../../facade/create-storage.js";
import type { StorageEvent } from "../../../contract/event.js";
import type { StorageError } from "../../../contract/errors.js";
import { memoryJournal } from "../../../memory/memory-journal.js";
import type { StorageProvider } from "../../../contract/provider.js";
import type { FileStorage } from "../../../facade/storage.js";
import { contents } from "../../../testing/chain.test-support.js";
import {
  down,
  failing,
  failingAtFirst,
  hanging,
  losingAnswers,
  testMember,
  type TestMember,
} from "../../../testing/member.test-support.js";
import { patterned, rejection, streamOf } from "../../../testing/streams.test-support.js";
import { fallback } from "../../fallback.js";
import { mirror, type MirrorOptions } from "../../mirror.js";

interface World {
  readonly first: TestMember;
  readonly second: TestMember;
  readonly third: TestMember;
  readonly storage: FileStorage;
}

const quick = { graceMs: 0, settleMs: 0, retry: false } as const;

function world(make: (members: readonly StorageProvider[]) => StorageProvider): World {
  const [first, second, third] = [testMember("first"), testMember("second"), testMember("third")];
  const storage = createStorage(make([first, second, third].map(({ provider }) => provider)));
  return { first, second, third, storage };
}

function mirrored(options: MirrorOptions = {}): World {
  return world((members) => mirror(members, { ...quick, journal: memoryJournal(), ...options }));
}

const rows = async (storage: FileStorage): Promise<number | undefined> =>
  (await storage.health()).journals?.[0]?.rows;

describe("a put on a mirror with a journal", () => {
  it("is on every member, with every header and metadata field, and leaves no row", async () => {
    const { storage, first, second, third } = mirrored();
    const facts = { contentType: "text/css", cacheControl: "no-cache", metadata: { author: "ada" } };
    const info = await storage.put("a", "abc", facts);
    expect(info.copies?.map(({ state }) => state)).toEqual(["current", "current", "current"]);
    for (const { store } of [first, second, third]) expect(await store.head("a", {})).toMatchObject(facts);
    expect(await rows(storage)).toBe(0);
  });

  it("that one member refuses is PartialWrite, counts, and is made good with its facts", async () => {
    const { storage, second } = mirrored();
    second.fault = failing("Unavailable", {}, "put");
    const facts = { contentType: "text/css", metadata: { author: "ada" } };
    const error = await rejection(storage.put("a", "abc", facts));
    expect(error).toMatchObject({ code: "PartialWrite", applied: "yes", retryable: false });
    expect((error as Error).message).toContain("2 of 3 required members; repair copies it to the others");
    expect(await (await storage.get("a")).text()).toBe("abc");
    second.fault = undefined;
    await storage.startRepair().idle();
    expect(await second.store.head("a", {})).toMatchObject(facts);
    expect(await rows(storage)).toBe(0);
    await storage.close();
  });

  it("with a quorum is answered when more than half have it, and goes on to the slow one", async () => {
    const { storage, third } = mirrored({ writes: "quorum" });
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    third.fault = async (call, next) => {
      if (call.operation === "put") await gate;
      return await next();
    };
    const info = await storage.put("a", "abc");
    expect(info.copies?.map(({ state }) => state)).toEqual(["current", "current", "pending"]);
    expect(await (await storage.get("a")).text()).toBe("abc");
    go();
    await storage.close();
    expect(await contents(third)).toEqual({ a: "abc" });
  });

  it("does not say that nothing has changed when one member refuses and another does not answer", async () => {
    const { storage, first, second, third } = mirrored();
    first.fault = failing("Timeout", { applied: "unknown" }, "put", "head");
    second.fault = failing("PermissionDenied", {}, "put");
    third.fault = failing("PermissionDenied", {}, "put");
    expect(await rejection(storage.put("a", "abc"))).toMatchObject({
      code: "PermissionDenied",
      applied: "unknown",
    });
  });

  it("whose answer is lost counts when the member says that it has it", async () => {
    const { storage, first } = mirrored();
    first.fault = failingAtFirst(1, losingAnswers("put"), "put");
    expect((await storage.put("a", "abc")).copies?.[0]?.state).toBe("current");
    expect(await rows(storage)).toBe(0);
  });

  it("that was cancelled in the middle leaves its key free, and the old object in place", async () => {
    const { storage } = mirrored();
    await storage.put("a", "old");
    const stop = new AbortController();
    async function* slow(): AsyncGenerator<Uint8Array, void, undefined> {
      yield patterned(1000);
      stop.abort(new Error("the visitor left"));
      yield patterned(1000);
    }
    const reason = await rejection(storage.put("a", slow(), { signal: stop.signal }));
    expect(reason).toMatchObject({ message: "the visitor left" });
    expect(await (await storage.get("a")).text()).toBe("old");
    await storage.put("a", "new");
    expect(await rows(storage)).toBe(0);
  });

  it("of a stream reaches every member whole, though one of them is down", async () => {
    const { storage, first, second, third } = mirrored({ writes: "quorum" });
    const bytes = patterned(300_000);
    second.fault = down;
    await storage.put("a", streamOf(bytes, 7000));
    second.fault = undefined;
    await storage.startRepair().idle();
    for (const { store } of [first, second, third]) {
      const { body } = await store.get("a", {});
      expect(Buffer.from(body as Uint8Array).equals(bytes)).toBe(true);
    }
    await storage.close();
  });
});

describe("a delete on a mirror with a journal", () => {
  it("is acknowledged while a member is down, and is never undone by it", async () => {
    const { storage, second } = mirrored();
    await storage.put("a", "abc");
    second.fault = down;
    await storage.delete("a");
    second.fault = undefined;
    expect(await storage.exists("a")).toBe(false);
    expect(await contents(second)).toEqual({ a: "abc" });
    await storage.startRepair().idle();
    expect(await contents(second)).toEqual({});
    expect(await storage.exists("a")).toBe(false);
    await storage.close();
  });

  it("does not wait for a member that hangs for longer than it may take to answer", async () => {
    const { storage, second } = mirrored({ askMs: 20 });
    await storage.put("a", "abc");
    second.fault = hanging();
    await storage.delete("a");
    second.fault = undefined;
    expect(await storage.exists("a")).toBe(false);
  });
});

describe("a put on a chain with a journal", () => {
  const chained = (): World => world((members) => fallback(members, { ...quick, journal: memoryJournal() }));

  it("replaces what was there, and moves home when the first member is back", async () => {
    const { storage, first, second } = chained();
    await storage.put("a", "old");
    first.fault = down;
    expect((await storage.put("a", "new")).provider).toBe("second");
    expect(await (await storage.get("a")).text()).toBe("new");
    first.fault = undefined;
    expect(await (await storage.get("a")).text()).toBe("new");
    await storage.startRepair().idle();
    expect([await contents(first), await contents(second)]).toEqual([{ a: "new" }, {}]);
    await storage.close();
  });

  it("that the first member cannot hold stays where it is", async () => {
    const { storage, first, second } = chained();
    first.fault = failing("TooLarge", {}, "put");
    await storage.put("a", "large");
    first.fault = undefined;
    await storage.startRepair().idle();
    expect([await contents(first), await contents(second)]).toEqual([{}, { a: "large" }]);
    expect(await rows(storage)).toBe(0);
    await storage.close();
  });

  it("clears an older copy that lay on a later member before there was a journal", async () => {
    const { storage, first, third } = chained();
    await createStorage(third.store).put("a", "from long ago");
    expect(await (await storage.get("a")).text()).toBe("from long ago");
    await storage.put("a", "new");
    await storage.startRepair().idle();
    expect([await contents(first), await contents(third)]).toEqual([{ a: "new" }, {}]);
    await storage.close();
  });
});

describe("a condition while an earlier write is undecided", () => {
  /** Nobody knows whether the first member has taken it: it may still. */
  async function undecided(): Promise<World> {
    const here = world((members) =>
      fallback(members.slice(0, 2), { graceMs: 0, retry: false, journal: memoryJournal() }),
    );
    here.first.fault = failing("Unavailable", { applied: "unknown" }, "put");
    here.second.fault = down;
    const first = rejection(here.storage.put("a", "one"));
    expect(await first).toMatchObject({ applied: "unknown" });
    here.first.fault = undefined;
    here.second.fault = undefined;
    return here;
  }

  it("is not evaluated: the earlier one may turn out to have come first", async () => {
    const { storage } = await undecided();
    const error = await rejection(storage.put("a", "two", { ifNoneMatch: "*" }));
    expect(error).toMatchObject({ code: "Unavailable", applied: "no" });
    expect((error as StorageError).retryAfterMs).toBeGreaterThan(50_000);
  });

  it("does not stand in the way of a write without one", async () => {
    const { storage } = await undecided();
    await storage.put("a", "two");
    expect(await (await storage.get("a")).text()).toBe("two");
  });
});

describe("an object that every member has under an ETag of its own", () => {
  it("is read by any of them", async () => {
    const { storage, first, second } = mirrored({ reads: ["second"] });
    await second.store.put("x", await toBody("x"), {});
    const put = await storage.put("a", "abc");
    const read = await storage.head("a");
    expect([put.provider, read.provider]).toEqual(["first", "second"]);
    for (const { etag } of [put, read]) {
      expect(await (await storage.get("a", { ifMatch: etag })).text()).toBe("abc");
    }
    expect(await rejection(storage.get("a", { ifMatch: '"another"' }))).toMatchObject({
      code: "PreconditionFailed",
    });
    for (const text of ["foreign", "of an ETag that no other has"]) {
      await first.store.put("a", await toBody(text), {});
    }
    const foreign = await first.store.head("a", {});
    expect(await rejection(storage.get("a", { ifMatch: foreign.etag }))).toMatchObject({
      code: "PreconditionFailed",
    });
    await storage.close();
  });
});

describe("a write that a member can never hold", () => {
  it("lacks nothing there", async () => {
    const small = testMember("small", { supports: { objectBytesMax: 2 } });
    const events: StorageEvent[] = [];
    const chain = fallback([small.provider, testMember("large").provider], {
      ...quick,
      journal: memoryJournal(),
    });
    const storage = createStorage(chain, { onEvent: (event) => void events.push(event) });
    await storage.put("a", "abc");
    expect(events.filter(({ type }) => type === "degraded")).toEqual([]);
  });
});

describe("repair", () => {
  it("that was stopped, or of a storage that is closed, is refused", async () => {
    const { storage } = mirrored();
    const worker = storage.startRepair();
    await worker.stop();
    expect(await rejection(worker.idle())).toMatchObject({
      code: "Unavailable",
      message: /repair was stopped/,
    });
    await storage.close();
    expect(() => storage.startRepair()).toThrow("the storage is closed");
  });
});

describe("a composer with a journal", () => {
  it.each<readonly [string, () => unknown, string]>([
    [
      "a path for a journal",
      () => mirrored({ journal: "./x.db" as never }),
      "journal must be the result of sqliteJournal(path)",
    ],
    [
      "a lease of no time",
      () => mirrored({ leaseMs: 0 }),
      "leaseMs must be a whole number of milliseconds from 1",
    ],
    ["a lease of a century", () => mirrored({ leaseMs: 1e12 }), "from 1 to 2147483647, not 1000000000000"],
    [
      "a name for names",
      () => mirrored({ reads: "first" as never }),
      "reads must be an array of names of members",
    ],
    [
      "a storage for a provider",
      () => mirror([createStorage(testMember("a").provider)] as never, { journal: memoryJournal() }),
      "for a storage, pass storage.provider",
    ],
    [
      "a member that does not replace objects",
      () => {
        const inner = fallback([testMember("a").provider, testMember("b").provider]);
        return mirror([inner, testMember("c").provider], { journal: memoryJournal() });
      },
      "refuses overwrites, so it cannot take new versions; if it is a composer, give it a journal of its own",
    ],
  ])("is refused with %s", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
