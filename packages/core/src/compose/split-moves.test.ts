import { describe, expect, it } from "vitest";
import { createStorage } from "../facade/create-storage.js";
import { memoryJournal } from "../memory/memory-journal.js";
import type { StorageEvent } from "../contract/event.js";
import type { StorageProvider } from "../contract/provider.js";
import { contents, place } from "../testing/chain.test-support.js";
import { testMember, type TestMember } from "../testing/member.test-support.js";
import { rejection } from "../testing/streams.test-support.js";
import { adoptKey } from "./journaled/upkeep/operators.js";
import { bucketOf } from "./split-hash.js";
import type { SplitOptions } from "./split-options.js";
import { setSplitPercent, split, splitPercent } from "./split.js";

interface World {
  readonly from: TestMember;
  readonly to: TestMember;
  readonly make: (options?: Partial<SplitOptions>) => StorageProvider;
}

/** Every process made by `make` shares one journal. */
function world(): World {
  const [from, to] = [testMember("old"), testMember("new")];
  const journal = memoryJournal();
  const make = (options: Partial<SplitOptions> = {}): StorageProvider =>
    split({
      from: from.provider,
      to: to.provider,
      percent: { initial: 0 },
      salt: "s",
      move: true,
      journal,
      graceMs: 0,
      settleMs: 0,
      retry: false,
      ...options,
    });
  return { from, to, make };
}

const KEYS = Array.from({ length: 600 }, (_, index) => `k${index}`);

/** The keys on the wrong side. */
async function misplaced({ from, to }: World, percent: number): Promise<readonly string[]> {
  const isNew = (key: string): boolean => bucketOf("s", key) < percent * 100;
  const [old, next] = [Object.keys(await contents(from)), Object.keys(await contents(to))];
  return [...old.filter(isNew), ...next.filter((key) => !isNew(key))];
}

describe("a split that moves its objects", () => {
  it("brings every object to its side after each step, up and down, whichever process said so", async () => {
    const here = world();
    const provider = here.make();
    const other = here.make();
    const storage = createStorage(provider);
    for (const key of KEYS) await place(here.from, key, key);
    const repair = storage.startRepair();
    for (const percent of [10, 25, 50, 75, 100, 50, 0]) {
      await setSplitPercent(other, percent);
      await repair.idle();
      expect(await misplaced(here, percent)).toEqual([]);
      const held = { ...(await contents(here.from)), ...(await contents(here.to)) };
      expect(Object.keys(held)).toHaveLength(KEYS.length);
      expect((await storage.health()).journals?.[0]).toMatchObject({ rows: 0, recovering: false });
    }
    await storage.close();
  });

  it("walks again when a share that was there before comes back", async () => {
    const here = world();
    const provider = here.make();
    const storage = createStorage(provider);
    await storage.startRepair().idle();
    await setSplitPercent(provider, 100);
    await storage.put("a", "abc");
    expect(await contents(here.to)).toEqual({ a: "abc" });
    await setSplitPercent(provider, 0);
    await storage.startRepair().idle();
    expect([await contents(here.from), await contents(here.to)]).toEqual([{ a: "abc" }, {}]);
    await storage.close();
  });

  it("says once that the percentage that was set counts, not the one it is made with", async () => {
    const { make } = world();
    await setSplitPercent(make(), 25);
    const events: StorageEvent[] = [];
    const again = make({ percent: { initial: 10 } });
    const storage = createStorage(again, { onEvent: (event) => void events.push(event) });
    await storage.put("a", "abc");
    await storage.put("b", "abc");
    const said = events.filter(({ type }) => type === "percent");
    expect(said).toEqual([{ type: "percent", provider: "split", percent: 25, proposed: 10 }]);
    expect(await splitPercent(again)).toBe(25);
  });

  it("refuses a salt that is another one while both sides hold objects", async () => {
    const { from, to, make } = world();
    await createStorage(make()).put("a", "abc");
    await place(from, "b", "1");
    await place(to, "c", "1");
    const error = await rejection(createStorage(make({ salt: "t" })).put("a", "abc"));
    expect(error).toMatchObject({ code: "InvalidArgument" });
    expect((error as Error).message).toContain('the salt was "s" and is now "t"');
  });

  it("refuses what does not say whether objects are moved", () => {
    const move = "yes" as unknown as boolean;
    expect(() => world().make({ move })).toThrow('split: move must be true or false, not "yes"');
  });

  it("refuses to adopt what is no key", async () => {
    const provider = world().make();
    expect(await rejection(adoptKey(provider, "a//b"))).toMatchObject({ code: "InvalidKey" });
  });
});

describe("a split whose percentage is the configuration's", () => {
  const numbered = ({ make }: World, percent: number): StorageProvider => make({ percent, move: false });

  it("goes by the number that each process was started with", async () => {
    const here = world();
    const [old, next] = [numbered(here, 0), numbered(here, 100)];
    expect([await splitPercent(old), await splitPercent(next)]).toEqual([0, 100]);
    await createStorage(old).put("a", "abc");
    await createStorage(next).put("b", "abc");
    expect([await contents(here.from), await contents(here.to)]).toEqual([{ a: "abc" }, { b: "abc" }]);
  });

  it("reads, replaces and deletes what processes with other numbers have put", async () => {
    const here = world();
    const storages = [0, 25, 100].map((percent) => createStorage(numbered(here, percent)));
    for (const [index, writer] of storages.entries()) {
      for (const key of KEYS.slice(0, 40)) await writer.put(key, `${key} ${index}`);
      for (const reader of storages) {
        for (const key of KEYS.slice(0, 40)) {
          expect(await (await reader.get(key)).text()).toBe(`${key} ${index}`);
        }
      }
    }
    for (const key of KEYS.slice(0, 40)) await storages[0]?.delete(key);
    expect([await contents(here.from), await contents(here.to)]).toEqual([{}, {}]);
  });

  it("is changed there, and not by a call", async () => {
    const error = await rejection(setSplitPercent(numbered(world(), 10), 25));
    expect(error).toMatchObject({ code: "InvalidArgument" });
    expect((error as Error).message).toContain("the configuration sets the percentage with `percent: 10`");
  });

  it("moves nothing: processes would move objects back and forth", () => {
    expect(() => world().make({ percent: 10 })).toThrow(
      "split: move: true needs a percentage in the journal",
    );
  });

  it("takes over from the journal, and gives back", async () => {
    const here = world();
    await setSplitPercent(here.make({ percent: { initial: 10 } }), 50);
    expect(await splitPercent(numbered(here, 20))).toBe(20);
    expect(await splitPercent(here.make({ percent: { initial: 10 } }))).toBe(50);
  });

  it("needs a journal to be the journal's", () => {
    const { from, to } = world();
    expect(() =>
      split({ from: from.provider, to: to.provider, salt: "s", percent: { initial: 10 } }),
    ).toThrow("split: percent: { initial } needs a journal");
  });
});
