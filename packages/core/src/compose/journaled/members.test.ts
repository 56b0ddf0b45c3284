import { afterEach, describe, expect, it, vi } from "vitest";
import { toBody } from "../../body/body.js";
import type { ListOptions } from "../../contract/call-options.js";
import type { Journal, JournalPart } from "../../contract/journal.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { MARKER_KEY } from "../../contract/key.js";
import { createStorage } from "../../facade/create-storage.js";
import type { FileStorage } from "../../facade/storage.js";
import { clock, nextTurn } from "../../kit/clock.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import { contents } from "../../testing/chain.test-support.js";
import { down, testMember, type TestMember } from "../../testing/member.test-support.js";
import { rejection } from "../../testing/streams.test-support.js";
import { fallback } from "../fallback.js";
import { mirror } from "../mirror.js";
import { acceptMember, forgetMember } from "./upkeep/operators.js";

const QUICK = { graceMs: 0, settleMs: 0, leaseMs: 1000, retry: false, breaker: false } as const;

afterEach(() => {
  vi.restoreAllMocks();
});

/** A journal that composers take for one that survives the process: they put markers and marks on their members. */
function lastingJournal(): Journal {
  return { ...memoryJournal(), durable: true };
}

interface Started {
  readonly provider: ComposedProvider;
  readonly storage: FileStorage;
}

/** Each is a process of its own that shares the journal. */
function started(provider: ComposedProvider): Started {
  return { provider, storage: createStorage(provider) };
}

async function repair({ storage }: Started): Promise<void> {
  const worker = storage.startRepair();
  await worker.idle();
  await worker.stop();
}

async function reasons({ storage }: Started): Promise<string> {
  return (await storage.health()).reasons.join("; ");
}

/** A place at which a call waits until the test opens it. */
interface Gate {
  readonly reached: Promise<void>;
  readonly isReached: () => boolean;
  readonly pass: () => Promise<void>;
  readonly open: () => void;
}

function gate(): Gate {
  let [reach, open] = [() => {}, () => {}];
  let isReached = false;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    reached,
    isReached: () => isReached,
    pass: async () => {
      isReached = true;
      reach();
      await opened;
    },
    open: () => open(),
  };
}

/** Repairs until the journal has let go of every row. */
async function forgetDeletes(journal: Journal, { provider }: Started): Promise<void> {
  const part = journal.open({ name: "mirror", type: "mirror", members: [] });
  while ((await part.rows("", undefined, 10)).length > 0) {
    await provider.upkeep?.repair({});
    await nextTurn();
  }
}

/** Everything that a member holds, to be brought back as from a backup, with its marks. */
async function backUp({ store }: TestMember): Promise<() => Promise<void>> {
  const { objects } = await store.list({});
  const saved = await Promise.all(
    objects.map(async ({ key }) => {
      const { info, body } = await store.get(key, {});
      return { key, info, bytes: Buffer.from(body as Uint8Array) };
    }),
  );
  return async () => {
    for (const { key } of (await store.list({})).objects) await store.delete(key, {});
    for (const { key, info, bytes } of saved) {
      const { metadata, writeId, contentType } = info;
      await store.put(key, await toBody(bytes), { metadata, writeId, contentType });
    }
  };
}

describe("a member that is added", () => {
  it.each(["mirror", "fallback"] as const)(
    "to a %s is walked and filled, and nothing is lost on the way",
    async (type) => {
      const [disk, bucket] = [testMember("disk"), testMember("bucket")];
      const journal = lastingJournal();
      const make = type === "mirror" ? mirror : fallback;
      const before = started(make([disk.provider], { ...QUICK, journal }));
      await before.storage.put("a", "1");
      await before.storage.close();
      const after = started(make([disk.provider, bucket.provider], { ...QUICK, journal }));
      expect(await (await after.storage.get("a")).text()).toBe("1");
      await repair(after);
      expect((await contents(bucket))["a"]).toBe(type === "mirror" ? "1" : undefined);
      expect(await reasons(after)).toBe("");
    },
  );
});

describe("a member that the configuration does not name any more", () => {
  it("counts as down: what only it may hold is Unavailable, and comes back with it", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const journal = lastingJournal();
    first.fault = down;
    const before = started(fallback([first.provider, second.provider], { ...QUICK, journal }));
    await before.storage.put("old", "1");
    first.fault = undefined;
    const without = started(fallback([first.provider], { ...QUICK, journal }));
    expect((await without.storage.put("new", "2")).provider).toBe("first");
    expect(await rejection(without.storage.get("old"))).toMatchObject({
      code: "Unavailable",
      provider: "second",
    });
    expect(await rejection(without.storage.get("missing"))).toMatchObject({ code: "Unavailable" });
    expect(await rejection(without.storage.listPage())).toMatchObject({ code: "Unavailable" });
    expect(await reasons(without)).toContain('no longer names the member "second"');
    const back = started(fallback([first.provider, second.provider], { ...QUICK, journal }));
    expect(await (await back.storage.get("old")).text()).toBe("1");
  });

  it("is deleted from when it comes back", async () => {
    const [a, b] = [testMember("a"), testMember("b")];
    const journal = lastingJournal();
    const before = started(mirror([a.provider, b.provider], { ...QUICK, journal }));
    await before.storage.put("k", "1");
    const without = started(mirror([a.provider], { ...QUICK, journal }));
    await without.storage.delete("k");
    const back = started(mirror([a.provider, b.provider], { ...QUICK, journal }));
    expect(await rejection(back.storage.get("k"))).toMatchObject({ code: "NotFound" });
    await repair(back);
    expect((await contents(b))["k"]).toBeUndefined();
  });

  it("is let go for ever by forgetMember, which says what was given up", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const journal = lastingJournal();
    first.fault = down;
    await started(fallback([first.provider, second.provider], { ...QUICK, journal })).storage.put("old", "1");
    first.fault = undefined;
    const without = started(fallback([first.provider], { ...QUICK, journal }));
    await without.storage.put("new", "2");
    const forgotten = await forgetMember(without.provider, "second");
    expect(forgotten.lost).toEqual(["old"]);
    expect(await rejection(without.storage.get("old"))).toMatchObject({ code: "NotFound" });
    await repair(without);
    expect(await reasons(without)).toBe("");
  });

  it("releases the keys that wait for it, and none of those whose delete is only remembered", async () => {
    const [a, b] = [testMember("a"), testMember("b")];
    const journal = lastingJournal();
    const before = started(mirror([a.provider, b.provider], { ...QUICK, journal, writes: "primary" }));
    await before.storage.put("deleted", "1");
    await before.storage.delete("deleted");
    b.fault = down;
    await before.storage.put("waits", "1");
    const without = started(mirror([a.provider], { ...QUICK, journal, writes: "primary" }));
    expect(await forgetMember(without.provider, "b")).toEqual({ lost: [], released: 1 });
    expect(await rejection(without.storage.get("deleted"))).toMatchObject({ code: "NotFound" });
  });

  it("is not what forgetMember takes while it is configured, or was never known", async () => {
    const [a, b] = [testMember("a"), testMember("b")];
    const { provider } = started(mirror([a.provider, b.provider], { ...QUICK, journal: lastingJournal() }));
    expect(String(await rejection(forgetMember(provider, "a")))).toContain(
      "remove it from the configuration first",
    );
    expect(String(await rejection(forgetMember(provider, "c")))).toContain('does not know a member "c"');
  });
});

describe("a member that is retiring", () => {
  it("is read, emptied and not written, until health says that it can be left out", async () => {
    const [first, old, next] = [testMember("first"), testMember("old"), testMember("next")];
    const journal = lastingJournal();
    const members = [first.provider, old.provider, next.provider];
    first.fault = down;
    await started(fallback(members, { ...QUICK, journal })).storage.put("a", "1");
    const retiring = started(fallback(members, { ...QUICK, journal, retiring: ["old"] }));
    expect((await retiring.storage.put("b", "2")).provider).toBe("next");
    expect(await (await retiring.storage.get("a")).text()).toBe("1");
    first.fault = undefined;
    await repair(retiring);
    expect((await contents(old))["a"]).toBeUndefined();
    expect(await reasons(retiring)).toContain('"old" is retiring and empty: remove it');
    const without = started(fallback([first.provider, next.provider], { ...QUICK, journal }));
    expect(await (await without.storage.get("a")).text()).toBe("1");
    expect(await rejection(without.storage.get("missing"))).toMatchObject({ code: "NotFound" });
    expect(await reasons(without)).toBe("");
  });

  it.each([
    [["c"], '"c" in the option retiring is not a member'],
    [["a", "b"], "the option retiring lists every member"],
  ])("is one of the members, and not all: %o", (retiring, message) => {
    const members = [testMember("a").provider, testMember("b").provider];
    expect(() => mirror(members, { ...QUICK, journal: memoryJournal(), retiring })).toThrow(message);
  });
});

describe("a member that is at another place", () => {
  it("is left out until acceptMember, and what was pending for it stays", async () => {
    const [a, b] = [testMember("a"), testMember("b")];
    const journal = lastingJournal();
    const before = started(mirror([a.provider, b.provider], { ...QUICK, journal, writes: "primary" }));
    await before.storage.put("secret", "x");
    await repair(before);
    b.fault = down;
    await before.storage.delete("secret");
    b.fault = undefined;
    const moved: ComposedProvider = { ...b.provider, ref: (key) => `memory://elsewhere/${key}` };
    const after = started(mirror([a.provider, moved], { ...QUICK, journal, writes: "primary" }));
    expect(await reasons(after)).toContain(
      "the journal knows the member at memory://b/x, and the member is now at memory://elsewhere/x",
    );
    await acceptMember(after.provider, "b");
    await repair(after);
    expect((await contents(b))["secret"]).toBeUndefined();
    expect(await reasons(after)).toBe("");
  });
});

describe("a listing that is the first call of a process", () => {
  it.each([[["b"]], [["b", "c"]]])(
    "is refused while a member of a chain is not configured: %j is left",
    async (left) => {
      const members = ["a", "b", "c"].map((name) => testMember(name).provider);
      const journal = lastingJournal();
      const first = started(fallback(members, { ...QUICK, journal }));
      await first.storage.put("x", "1");
      await first.storage.close();
      const others = members.filter(({ name }) => left.includes(name));
      const { storage } = started(fallback(others, { ...QUICK, journal }));
      expect(await rejection(storage.listPage())).toMatchObject({ code: "Unavailable" });
    },
  );
});

describe("a member that was restored from a backup", () => {
  /** @param isForgotten - Whether the deletes are not remembered any more. */
  async function restored(
    isForgotten: boolean,
    isMarked = true,
  ): Promise<Started & { readonly a: TestMember; readonly b: TestMember }> {
    const [a, b] = [testMember("a"), testMember("b")];
    const journal = lastingJournal();
    const make = (): Started =>
      started(mirror([a.provider, b.provider], { ...QUICK, journal, keepDeletesMs: 0 }));
    const first = make();
    await first.storage.put("deleted", "old");
    await first.storage.put("changed", "old");
    await first.storage.close();
    const restore = await backUp(a);
    const second = make();
    await second.storage.delete("deleted");
    await second.storage.put("changed", "new");
    await second.storage.put("added", "new");
    await repair(second);
    if (isForgotten) await forgetDeletes(journal, second);
    await second.storage.close();
    await restore();
    const { objects } = await a.store.list({ prefix: ".stowage-" });
    if (!isMarked) for (const { key } of objects) await a.store.delete(key, {});
    return { ...make(), a, b };
  }

  it("is not read from, and is brought what it lacks", async () => {
    const { a, storage, provider } = await restored(false);
    expect(await (await storage.get("changed")).text()).toBe("new");
    expect(await (await storage.get("added")).text()).toBe("new");
    expect(await rejection(storage.get("deleted"))).toMatchObject({ code: "NotFound" });
    expect((await storage.listPage()).objects.map(({ key }) => key)).toEqual(["added", "changed"]);
    await repair({ storage, provider });
    expect(await contents(a)).toMatchObject({ changed: "new", added: "new" });
    expect(await rejection(storage.get("deleted"))).toMatchObject({ code: "NotFound" });
  });

  it.each([
    ["remove", undefined],
    ["keep", "old"],
  ] as const)("has what it alone holds counted, until somebody says %s", async (extras, text) => {
    const { a, b, storage, provider } = await restored(true);
    await rejection(storage.get("deleted"));
    await repair({ storage, provider });
    expect(await reasons({ storage, provider })).toContain(
      "restored from a backup, and 1 objects exist only there",
    );
    // What is counted is told as often as somebody asks, and counted once.
    const extra = { kind: "extra", key: "deleted", provider: "a" };
    for (let time = 1; time <= 2; time++) {
      expect(await storage.verify()).toMatchObject({ missing: 0, extra: 1, findings: [extra] });
      await repair({ storage, provider });
    }
    expect(await reasons({ storage, provider })).toContain("1 objects exist only there");
    await acceptMember(provider, "a", { extras });
    await repair({ storage, provider });
    expect(await storage.verify("", { deep: true })).toMatchObject({ findings: [], pending: 0 });
    expect([(await contents(a))["deleted"], (await contents(b))["deleted"]]).toEqual([text, text]);
    expect(await reasons({ storage, provider })).toBe("");
  });

  it.each([
    ["starts", false],
    ["has looked at it before", true],
  ])(
    "is listed with what it lacks by a process that %s, though another repairs it meanwhile",
    async (_, knows) => {
      let passedMs = 0;
      vi.spyOn(clock, "now").mockImplementation(() => performance.now() + passedMs);
      const [a, b] = [testMember("a"), testMember("b")];
      const journal = lastingJournal();
      const make = (): Started => started(mirror([a.provider, b.provider], { ...QUICK, journal }));
      const first = make();
      await first.storage.put("there", "1");
      await first.storage.close();
      const restore = await backUp(a);
      const early = make();
      if (knows) await early.storage.listPage();
      const second = make();
      await second.storage.put("added", "1");
      await second.storage.close();
      await restore();
      // By then a process looks at a member's marker again.
      passedMs = 30_000;
      const [marker, copy, page] = [gate(), gate(), gate()];
      let holdsPages = false;
      a.fault = async ({ operation, options, key = "" }, next) => {
        if (operation === "head" && key === MARKER_KEY && !marker.isReached()) await marker.pass();
        if (operation === "put" && key === "added") await copy.pass();
        const answer = await next();
        const { prefix = "" } = options as ListOptions;
        if (operation === "list" && prefix === "" && holdsPages) await page.pass();
        return answer;
      };
      const listing = early.storage.listPage();
      await marker.reached;
      const other = make();
      expect(await (await other.storage.get("there")).text()).toBe("1");
      const repairing = repair(other);
      await copy.reached;
      // By now every key was walked, and the member counts as whole again.
      holdsPages = true;
      marker.open();
      await page.reached;
      copy.open();
      await repairing;
      page.open();
      expect((await listing).objects.map(({ key }) => key)).toEqual(["added", "there"]);
    },
  );

  it("is not read by a call that has looked at the journal before the member was walked", async () => {
    const [a, b] = [testMember("a"), testMember("b")];
    const journal = lastingJournal();
    const [row, copy] = [gate(), gate()];
    let holdsRow = false;
    const slow: Journal = {
      ...journal,
      open: (owner) => {
        const part = journal.open(owner);
        const read: JournalPart["read"] = async (key) => {
          const entry = await part.read(key);
          if (holdsRow && !row.isReached()) await row.pass();
          return entry;
        };
        return { ...part, read };
      },
    };
    const make = (own: Journal): Started =>
      started(mirror([a.provider, b.provider], { ...QUICK, journal: own }));
    const first = make(journal);
    await first.storage.put("a", "old");
    await first.storage.close();
    const restore = await backUp(a);
    const second = make(journal);
    await second.storage.put("a", "new");
    await second.storage.close();
    await restore();
    const reader = make(slow);
    expect(await (await reader.storage.get("a")).text()).toBe("new");
    a.fault = async ({ operation, key }, next) => {
      if (operation === "put" && key === "a") await copy.pass();
      return await next();
    };
    holdsRow = true;
    const reading = reader.storage.get("a");
    await row.reached;
    const repairing = repair(reader);
    await copy.reached;
    row.open();
    expect(await (await reading).text()).toBe("new");
    copy.open();
    await repairing;
  });

  it("is one by the operator's word when its backup has no marker", async () => {
    const { a, b, storage, provider } = await restored(true, false);
    expect(await reasons({ storage, provider })).toContain("a: the member's marker is missing or different");
    await acceptMember(provider, "a", { extras: "remove" });
    await repair({ storage, provider });
    const left = [(await contents(a))["deleted"], (await contents(b))["deleted"]];
    expect(left).toEqual([undefined, undefined]);
    expect(await contents(a)).toMatchObject({ changed: "new", added: "new" });
  });
});

describe("two journals over one member", () => {
  it("notice each other", async () => {
    const [bucket, one, two] = [testMember("bucket"), testMember("one"), testMember("two")];
    const first = started(mirror([bucket.provider, one.provider], { ...QUICK, journal: lastingJournal() }));
    await first.storage.put("a", "1");
    await first.storage.close();
    const second = started(mirror([bucket.provider, two.provider], { ...QUICK, journal: lastingJournal() }));
    await second.storage.put("b", "1");
    expect(await reasons(second)).toContain("bucket: other journals keep objects there too");
  });

  it("go on when one of them accepts the member", async () => {
    const [bucket, one, two] = [testMember("bucket"), testMember("one"), testMember("two")];
    const first = started(mirror([bucket.provider, one.provider], { ...QUICK, journal: lastingJournal() }));
    const second = started(mirror([bucket.provider, two.provider], { ...QUICK, journal: lastingJournal() }));
    await first.storage.put("one/a", "1");
    await second.storage.put("two/a", "1");
    const { metadata } = await bucket.store.head(".stowage-member", {});
    await acceptMember(first.provider, "bucket");
    await first.storage.put("one/b", "1");
    expect((await bucket.store.head(".stowage-member", {})).metadata).toEqual(metadata);
    await second.storage.put("two/b", "1");
  });
});
