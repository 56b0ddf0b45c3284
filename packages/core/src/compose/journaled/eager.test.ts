import { describe, expect, it, vi } from "vitest";
import { createStorage } from "../../facade/create-storage.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import type { Journal, JournalPart } from "../../contract/journal.js";
import { contents } from "../../testing/chain.test-support.js";
import { down, testMember } from "../../testing/member.test-support.js";
import { mirror } from "../mirror.js";
import type { KeyRow } from "../../contract/key-row.js";

const KEYS = Array.from({ length: 40 }, (_, index) => `k${index}`);

/** Makes every key but the first wait for ten minutes, as after a long outage. */
async function postpone(part: JournalPart): Promise<void> {
  for (const key of KEYS) {
    const { row, revision } = await part.read(key);
    const pauseMs = key === KEYS[0] ? 0 : 600_000;
    await part.write(key, revision, { ...(row as KeyRow), attempts: 12, nextAt: part.now() + pauseMs });
  }
}

describe("repair after a long outage", () => {
  it("tries all that wait as soon as one of them gets further", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const journal = memoryJournal();
    let part: JournalPart | undefined;
    const seen: Journal = { ...journal, open: (owner) => (part = journal.open(owner)) };
    const options = { journal: seen, writes: "primary", graceMs: 0, settleMs: 0, retry: false } as const;
    const storage = createStorage(mirror([first.provider, second.provider], options));
    const repair = storage.startRepair({ pollMs: 5 });
    await repair.idle();
    second.fault = down;
    for (const key of KEYS) await storage.put(key, key);
    if (part === undefined) throw new Error("The journal was not opened");
    await repair.stop();
    await postpone(part);
    second.fault = undefined;
    await storage.startRepair().idle();
    expect(Object.keys(await contents(second))).toHaveLength(KEYS.length);
    await storage.close();
  });

  it("is not held up by a member that is slow", async () => {
    const [first, slow, quick] = [testMember("first"), testMember("slow"), testMember("quick")];
    const members = [first, slow, quick].map(({ provider }) => provider);
    const options = { writes: "quorum", graceMs: 0, settleMs: 0, retry: false, breaker: false } as const;
    const storage = createStorage(mirror(members, { ...options, journal: memoryJournal() }));
    slow.fault = down;
    for (const key of KEYS) await storage.put(`a${key}`, key);
    slow.fault = undefined;
    quick.fault = down;
    for (const key of KEYS) await storage.put(`b${key}`, key);
    quick.fault = undefined;
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    slow.fault = async (call, next) => {
      if (call.operation === "put") await released;
      return await next();
    };
    const repair = storage.startRepair({ pollMs: 5 });
    const hasAll = async (): Promise<boolean> =>
      Object.keys(await contents(quick)).filter((key) => key.startsWith("b")).length === KEYS.length;
    await vi.waitFor(async () => expect(await hasAll()).toBe(true), { timeout: 30_000 });
    expect(Object.keys(await contents(slow)).filter((key) => key.startsWith("ak"))).toEqual([]);
    release();
    await repair.idle();
    expect(Object.keys(await contents(slow))).toHaveLength(2 * KEYS.length);
    await storage.close();
  });
});
