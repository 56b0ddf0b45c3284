import { describe, expect, it } from "vitest";
import { createStorage } from "../../facade/create-storage.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import type { StorageProvider } from "../../contract/provider.js";
import type { FileStorage } from "../../facade/storage.js";
import { contents, place } from "../../testing/chain.test-support.js";
import { down, testMember, type TestMember } from "../../testing/member.test-support.js";
import { rejection } from "../../testing/streams.test-support.js";
import { fallback } from "../fallback.js";
import { mirror } from "../mirror.js";

const quick = { graceMs: 0, settleMs: 0, retry: false } as const;

const COMPOSERS = {
  "a mirror": (members: readonly StorageProvider[]) =>
    mirror(members, { ...quick, writes: "primary", journal: memoryJournal() }),
  "a chain": (members: readonly StorageProvider[]) =>
    fallback(members, { ...quick, journal: memoryJournal() }),
  "a chain that does not drain": (members: readonly StorageProvider[]) =>
    fallback(members, { ...quick, drain: "never", journal: memoryJournal() }),
};

interface World {
  readonly first: TestMember;
  readonly second: TestMember;
  /** With a journal that knows nothing, as after the loss of an earlier one. */
  readonly restart: () => FileStorage;
}

/** The first member has the older of two versions of "a", and was down when the second was written. */
async function lost(name: keyof typeof COMPOSERS): Promise<World> {
  const [first, second] = [testMember("first"), testMember("second")];
  const restart = (): FileStorage => createStorage(COMPOSERS[name]([first.provider, second.provider]));
  const before = restart();
  await before.put("a", "old");
  first.fault = down;
  await before.put("a", "newer");
  first.fault = undefined;
  return { first, second, restart };
}

const recovering = async (storage: FileStorage): Promise<boolean | undefined> =>
  (await storage.health()).journals?.[0]?.recovering;

describe.each(Object.keys(COMPOSERS) as readonly (keyof typeof COMPOSERS)[])(
  "%s whose journal was lost",
  (name) => {
    it("says so, and reads the newest version of all members", async () => {
      const { restart } = await lost(name);
      const storage = restart();
      expect(await (await storage.get("a")).text()).toBe("newer");
      const health = await storage.health();
      expect(health.degraded).toBe(true);
      expect(health.reasons.join()).toContain("the journal does not know every object yet");
    });

    // The others promise no listing while moved copies stay for no time at all.
    it.runIf(name === "a mirror")("lists the newest version of all members", async () => {
      const { restart } = await lost(name);
      const { objects } = await restart().listPage();
      expect(objects.map(({ key, size }) => [key, size])).toEqual([["a", 5]]);
    });

    it("says that a read may be stale while a member is silent, and never NotFound", async () => {
      const { second, restart } = await lost(name);
      const storage = restart();
      second.fault = down;
      const { info } = await storage.get("a");
      expect(info.mayBeStale).toBe(true);
      expect(await rejection(storage.get("b"))).toMatchObject({ code: "Unavailable" });
      second.fault = undefined;
      expect((await storage.head("a")).mayBeStale).toBeUndefined();
      expect(await rejection(storage.get("b"))).toMatchObject({ code: "NotFound" });
    });

    it("is as it was when repair has looked at every object", async () => {
      const { first, second, restart } = await lost(name);
      await place(second, "foreign", "text");
      const storage = restart();
      const repair = storage.startRepair();
      await repair.idle();
      expect(await recovering(storage)).toBe(false);
      const held = [await contents(first), await contents(second)];
      for (const texts of held) expect([undefined, "newer"]).toContain(texts["a"]);
      const [a, foreign] = ["a", "foreign"].map((key) => held.filter((texts) => key in texts).length);
      expect([a, foreign]).toEqual(name === "a mirror" ? [2, 2] : [1, 1]);
      if (name === "a chain") expect(held[0]).toEqual({ a: "newer", foreign: "text" });
      await storage.close();
    });

    it("is not in doubt when its members are empty", async () => {
      const [first, second] = [testMember("first"), testMember("second")];
      const storage = createStorage(COMPOSERS[name]([first.provider, second.provider]));
      await storage.put("a", "abc");
      expect(await recovering(storage)).toBe(false);
      first.calls.length = 0;
      second.calls.length = 0;
      expect(await (await storage.get("a")).text()).toBe("abc");
      expect([...first.calls, ...second.calls]).toEqual(["get a"]);
    });
  },
);
