import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStorage } from "../../../facade/create-storage.js";
import { StorageError } from "../../../contract/errors.js";
import type { StorageEvent } from "../../../contract/event.js";
import { memoryJournal } from "../../../memory/memory-journal.js";
import type { Journal } from "../../../contract/journal.js";
import type { StorageProvider } from "../../../contract/provider.js";
import type { FileStorage } from "../../../facade/storage.js";
import { contents, place } from "../../../testing/chain.test-support.js";
import { down, failing, testMember, type TestMember } from "../../../testing/member.test-support.js";
import { rejection } from "../../../testing/streams.test-support.js";
import { expiring, type ExpiringOptions } from "../../../wrap/expiring.js";
import { prefixed } from "../../../wrap/prefixed.js";
import { fallback } from "../../fallback.js";
import { mirror } from "../../mirror.js";
import { adoptKey } from "./operators.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const RULES = [{ prefix: "", expireAfterDays: 1 }];
const QUICK = { graceMs: 1000, settleMs: 0, retry: false, breaker: false } as const;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** For the stores and for the journal. */
function pass(days: number): void {
  vi.advanceTimersByTime(days * DAY_MS);
}

const journalOf = (durable = false): Journal => ({ ...memoryJournal(), durable });

interface World {
  readonly hot: TestMember;
  readonly archive: TestMember;
  readonly storage: FileStorage;
  readonly events: StorageEvent[];
  readonly journal: Journal;
}

/** A mirror whose first member keeps its copies for a day. */
function world(options: ExpiringOptions = {}, journal: Journal = journalOf()): World {
  const [hot, archive] = [testMember("hot"), testMember("archive")];
  const events: StorageEvent[] = [];
  const members = [expiring(hot.provider, RULES, options), archive.provider];
  const provider = mirror(members, { ...QUICK, writes: "primary", journal });
  return {
    hot,
    archive,
    events,
    journal,
    storage: createStorage(provider, { onEvent: (event) => void events.push(event) }),
  };
}

/** One round after the other, until nothing is due. */
async function repair({ provider }: FileStorage, onEvent?: (event: StorageEvent) => void): Promise<void> {
  for (let round = 0; round < 10; round++) {
    const left = await provider.upkeep?.repair({ onEvent });
    if (left === undefined) return;
    vi.advanceTimersByTime(Math.ceil(left));
  }
}

describe("a member of a mirror that lets objects expire", () => {
  it("is without them, and the others serve and list them", async () => {
    const { hot, storage } = world();
    await storage.put("a", "abc");
    await repair(storage);
    pass(1);
    await repair(storage);
    expect(await contents(hot)).toEqual({});
    const object = await storage.get("a");
    expect([object.info.provider, await object.text()]).toEqual(["archive", "abc"]);
    expect((await storage.listPage()).objects).toMatchObject([{ key: "a" }]);
    expect(await storage.health()).toMatchObject({ degraded: false, journals: [{ rows: 0 }] });
    expect(await rejection(storage.get("b"))).toMatchObject({ code: "NotFound" });
  });

  it("does not get them back when the key is looked at", async () => {
    const { hot, archive, storage } = world();
    await storage.put("a", "abc");
    await repair(storage);
    pass(1);
    await repair(storage);
    await adoptKey(storage.provider, "a");
    await repair(storage);
    expect(await contents(hot)).toEqual({});
    expect(await contents(archive)).toEqual({ a: "abc" });
  });

  it("does not get back what was there before the journal", async () => {
    const made = world();
    await place(made.archive, "a", "abc");
    pass(2);
    await place(made.archive, "b", "abc");
    await repair(made.storage);
    expect(await contents(made.hot)).toEqual({ b: "abc" });
    expect(await contents(made.archive)).toEqual({ a: "abc", b: "abc" });
  });

  it.each([
    ["", (hot: StorageProvider) => expiring(hot, RULES)],
    ["p/", (hot: StorageProvider) => prefixed(expiring(hot, RULES), "p/")],
  ])("keeps what the others have yet to get, under %j", async (prefix, wrap) => {
    const [hot, archive] = [testMember("hot"), testMember("archive")];
    const members = [wrap(hot.provider), archive.provider];
    const storage = createStorage(mirror(members, { ...QUICK, writes: "primary", journal: journalOf() }));
    await storage.exists("a");
    archive.fault = down;
    await storage.put("a", "abc");
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    await storage.provider.upkeep?.repair({});
    // Of the stores alone: it is not yet the time for another try.
    vi.setSystemTime(Date.now() + DAY_MS);
    await storage.provider.upkeep?.repair({});
    expect(await contents(hot)).toEqual({ [`${prefix}a`]: "abc" });
    archive.fault = undefined;
    pass(1);
    await repair(storage);
    expect(await contents(archive)).toEqual({ a: "abc" });
    pass(1);
    await repair(storage);
    expect(await contents(hot)).toEqual({});
    expect(await (await storage.get("a")).text()).toBe("abc");
  });

  it("keeps a key that is being written", async () => {
    const { hot, archive, storage } = world();
    await storage.put("a", "old");
    await repair(storage);
    pass(1);
    let arrived = (): void => {};
    const writing = new Promise<void>((resolve) => (arrived = resolve));
    let goOn = (): void => {};
    const waiting = new Promise<void>((resolve) => (goOn = resolve));
    hot.fault = async (call, next) => {
      if (call.operation !== "put") return await next();
      arrived();
      await waiting;
      return await next();
    };
    const put = storage.put("a", "new");
    await writing;
    await storage.provider.upkeep?.repair({});
    expect(await contents(hot)).toEqual({ a: "old" });
    goOn();
    await put;
    await repair(storage);
    expect(await contents(hot)).toEqual({ a: "new" });
    expect(await contents(archive)).toEqual({ a: "new" });
  });

  it("is overwritten and deleted like any other", async () => {
    const { hot, archive, storage } = world();
    await storage.put("a", "old");
    await repair(storage);
    pass(1);
    await repair(storage);
    await storage.put("a", "new");
    await repair(storage);
    expect(await contents(hot)).toEqual({ a: "new" });
    expect(await contents(archive)).toEqual({ a: "new" });
    await storage.delete("a");
    await repair(storage);
    expect(await contents(hot)).toEqual({});
    expect(await contents(archive)).toEqual({});
  });

  it("is left with nothing older than what has expired", async () => {
    const { hot, archive, storage } = world();
    await storage.put("a", "old");
    await repair(storage);
    hot.fault = down;
    await storage.put("a", "new");
    pass(2);
    hot.fault = undefined;
    await repair(storage);
    expect(await contents(hot)).toEqual({});
    expect(await contents(archive)).toEqual({ a: "new" });
    expect(await (await storage.get("a")).text()).toBe("new");
  });

  it("loses nothing while the journal does not know which copies are the newest", async () => {
    const { hot, archive, storage } = world();
    await place(archive, "a", "old");
    await place(hot, "a", "abc");
    pass(2);
    hot.fault = async (call, next) => (call.operation === "get" ? await down(call, next) : await next());
    await storage.provider.upkeep?.repair({});
    expect(await contents(hot)).toEqual({ a: "abc" });
    hot.fault = undefined;
    await repair(storage);
    expect(await contents(archive)).toEqual({ a: "abc" });
  });

  it("is believed when its store has removed an object that nobody else had: it is deleted", async () => {
    const { hot, archive, storage, events } = world({ removedBy: "store" });
    archive.fault = down;
    await storage.put("a", "abc");
    pass(2);
    await hot.store.delete("a", {});
    archive.fault = undefined;
    await repair(storage, (event) => void events.push(event));
    expect(events).toContainEqual({ type: "expired", key: "a", provider: "mirror" });
    expect(await contents(archive)).toEqual({});
    expect(await rejection(storage.get("a"))).toMatchObject({ code: "NotFound" });
    expect(await storage.health()).toMatchObject({ degraded: false, journals: [{ rows: 0 }] });
  });

  it("carries a marker, unless the rule of its store would remove that", async () => {
    for (const [removedBy, keys] of [
      ["repair", [".stowage-member", "a"]],
      ["store", ["a"]],
    ] as const) {
      const { hot, storage } = world({ removedBy }, journalOf(true));
      await storage.put("a", "abc");
      expect(Object.keys(await contents(hot))).toEqual(keys);
    }
  });

  it("is not emptied while another disk is in its place", async () => {
    const { hot, storage } = world({}, journalOf(true));
    await storage.put("a", "abc");
    await repair(storage);
    pass(2);
    await hot.store.delete(".stowage-member", {});
    const events: StorageEvent[] = [];
    await repair(storage, (event) => void events.push(event));
    expect(await contents(hot)).toEqual({ a: "abc" });
    expect([...new Set(events.map(({ type }) => type))]).toEqual(["repairFailed"]);
  });
});

describe("a mirror with a member that lets objects expire", () => {
  it("knows of it when the rules have been dropped, and makes good what is missing", async () => {
    const { hot, archive, storage, journal } = world();
    await storage.put("a", "abc");
    await repair(storage);
    pass(1);
    await repair(storage);
    const members = [hot.provider, archive.provider];
    const later = createStorage(mirror(members, { ...QUICK, writes: "primary", journal }));
    expect(await (await later.get("a")).text()).toBe("abc");
    expect((await later.listPage()).objects).toMatchObject([{ key: "a" }]);
    expect(await rejection(later.put("a", "x", { ifNoneMatch: "*" }))).toMatchObject({
      code: "AlreadyExists",
    });
    await repair(later);
    expect(await contents(hot)).toEqual({ a: "abc" });
    archive.fault = down;
    expect(await rejection(later.get("b"))).toMatchObject({ code: "NotFound" });
  });

  it("reads on when its rules cannot be written down, and lets nothing expire", async () => {
    const { hot, archive, journal } = world();
    const members = [hot.provider, archive.provider];
    const before = createStorage(mirror(members, { ...QUICK, writes: "primary", journal }));
    await before.put("a", "abc");
    await repair(before);
    pass(2);
    const unwritable: Journal = {
      ...journal,
      open: (owner) => ({
        ...journal.open(owner),
        writeControl: async () => {
          throw new StorageError("Unavailable", "the disk is full", {
            operation: "put",
            provider: "journal",
          });
        },
      }),
    };
    const after = createStorage(
      mirror([expiring(hot.provider, RULES), archive.provider], { ...QUICK, journal: unwritable }),
    );
    expect(await (await after.get("a")).text()).toBe("abc");
    await after.provider.upkeep?.repair({});
    expect(await contents(hot)).toEqual({ a: "abc" });
  });

  it("keeps its copy while another member has lost its own, and brings it back there", async () => {
    const { hot, archive, storage } = world();
    await storage.put("a", "abc");
    await repair(storage);
    await archive.store.delete("a", {});
    pass(2);
    // The sweep finds it; the next round brings it back.
    await repair(storage);
    await repair(storage);
    expect(await contents(archive)).toEqual({ a: "abc" });
    pass(1);
    await repair(storage);
    expect(await contents(hot)).toEqual({});
  });

  it("waits a while after its rules were made known, so that other processes read on", async () => {
    const journal = journalOf();
    const [hot, archive] = [testMember("hot"), testMember("archive")];
    const members = [hot.provider, archive.provider];
    const options = { ...QUICK, graceMs: 60_000, journal } as const;
    const before = createStorage(mirror(members, options));
    await before.put("a", "abc");
    await repair(before);
    pass(2);
    const after = createStorage(mirror([expiring(hot.provider, RULES), archive.provider], options));
    await after.provider.upkeep?.repair({});
    await after.provider.upkeep?.repair({});
    expect(await contents(hot)).toEqual({ a: "abc" });
    pass(1);
    await repair(after);
    expect(await contents(hot)).toEqual({});
  });

  it("passes it over for a key when a removal was not answered", async () => {
    const { hot, storage, events } = world();
    await storage.put("a", "abc");
    await repair(storage);
    pass(1);
    hot.fault = failing("Timeout", { applied: "unknown" }, "delete");
    const onEvent = (event: StorageEvent): void => void events.push(event);
    await storage.provider.upkeep?.repair({ onEvent });
    expect(events).toContainEqual({ type: "suspect", key: "a", provider: "hot", milliseconds: 0 });
    hot.fault = undefined;
    await repair(storage);
    expect(await storage.health()).toMatchObject({ journals: [{ rows: 0 }] });
    expect(await (await storage.get("a")).text()).toBe("abc");
  });

  it("gives up an object of which others hold only an older one", async () => {
    const { hot, archive, storage, events } = world({ removedBy: "store" });
    await storage.put("a", "old");
    await repair(storage);
    archive.fault = down;
    await storage.put("a", "new");
    pass(2);
    await hot.store.delete("a", {});
    archive.fault = undefined;
    await repair(storage, (event) => void events.push(event));
    expect(events).toContainEqual({ type: "expired", key: "a", provider: "mirror" });
    expect(await contents(archive)).toEqual({});
    expect(await rejection(storage.get("a"))).toMatchObject({ code: "NotFound" });
  });

  it("shares a disk with others, each in its corner", async () => {
    const disk = testMember("disk");
    const [x, y] = [testMember("x"), testMember("y")];
    const shared = expiring(disk.provider, RULES);
    const [a, b] = [
      createStorage(
        mirror([prefixed(shared, "a/"), x.provider], {
          ...QUICK,
          writes: "primary",
          name: "a",
          journal: journalOf(),
        }),
      ),
      createStorage(
        mirror([prefixed(shared, "b/"), y.provider], {
          ...QUICK,
          writes: "primary",
          name: "b",
          journal: journalOf(),
        }),
      ),
    ];
    await a.put("k", "abc");
    y.fault = down;
    await b.put("k", "abc");
    pass(2);
    await repair(a);
    expect(await contents(disk)).toEqual({ "a/k": "abc", "b/k": "abc" });
    pass(1);
    await repair(a);
    expect(await contents(disk)).toEqual({ "b/k": "abc" });
    y.fault = undefined;
    await repair(b);
    pass(1);
    await repair(b);
    expect(await contents(disk)).toEqual({});
    expect(await (await b.get("k")).text()).toBe("abc");
  });
});

describe("the home of a chain that lets objects expire", () => {
  it("does not get what has come to its age elsewhere", async () => {
    const [home, other] = [testMember("home"), testMember("other")];
    const members = [expiring(home.provider, RULES), other.provider];
    const storage = createStorage(fallback(members, { ...QUICK, journal: journalOf() }));
    home.fault = down;
    await storage.put("a", "abc");
    pass(2);
    home.fault = undefined;
    await repair(storage);
    expect(await contents(home)).toEqual({});
    expect(await contents(other)).toEqual({ a: "abc" });
    expect(await (await storage.get("a")).text()).toBe("abc");
    expect(await storage.health()).toMatchObject({ journals: [{ rows: 0 }] });
  });

  it("is asked by an outer composer before it removes anything", async () => {
    const [home, other, outer] = [testMember("home"), testMember("other"), testMember("outer")];
    const chain = fallback([expiring(home.provider, RULES), other.provider], {
      ...QUICK,
      journal: journalOf(),
    });
    const provider = mirror([chain, outer.provider], { ...QUICK, writes: "primary", journal: journalOf() });
    const storage = createStorage(provider);
    outer.fault = down;
    await storage.put("a", "abc");
    pass(2);
    await repair(storage);
    expect(await contents(home)).toEqual({ a: "abc" });
    outer.fault = undefined;
    pass(1);
    await repair(storage);
    pass(1);
    await repair(storage);
    expect(await contents(home)).toEqual({});
    expect(await (await storage.get("a")).text()).toBe("abc");
  });
});
