import { describe, expect, it } from "vitest";
import { mirror } from "../compose/mirror.js";
import { createStorage } from "../facade/create-storage.js";
import { memoryJournal } from "../memory/memory-journal.js";
import { contents } from "../testing/chain.test-support.js";
import { down, testMember, waiting } from "../testing/member.test-support.js";
import { rejection } from "../testing/streams.test-support.js";
import { off } from "./off.js";

describe("a provider that is switched off", () => {
  it("fails at once, says why, and is asked nothing", async () => {
    const member = testMember("cloud");
    const storage = createStorage(off(member.provider, "it moves on Friday"));
    const calls = [
      storage.put("a", "x"),
      storage.get("a"),
      storage.head("a"),
      storage.delete("a"),
      storage.listPage(),
      storage.copy("a", "b"),
    ];
    for (const call of calls) {
      expect(await rejection(call)).toMatchObject({
        code: "Unavailable",
        applied: "no",
        retryable: false,
        reason: "the provider is switched off: it moves on Friday",
      });
    }
    expect(member.calls).toEqual([]);
    expect((await storage.health()).reasons).toEqual([
      "cloud: the provider is switched off: it moves on Friday",
    ]);
  });

  it("wants a reason", () => {
    expect(() => off(testMember("cloud").provider, "")).toThrow("off: reason");
  });

  it("gets what it missed when it is on again", async () => {
    const [disk, cloud] = [testMember("disk"), testMember("cloud")];
    const journal = memoryJournal();
    const options = { journal, writes: "primary", retry: false } as const;
    const before = createStorage(mirror([disk.provider, off(cloud.provider, "for now")], options));
    await before.put("a", "x");
    await before.close();
    const after = createStorage(mirror([disk.provider, cloud.provider], options));
    const repair = after.startRepair();
    await repair.idle();
    await after.close();
    expect(await contents(cloud)).toEqual({ a: "x" });
  });
});

describe("the health of a composer", () => {
  it("says why a member is switched off, however often it was to be asked", async () => {
    const [disk, cloud] = [testMember("disk"), testMember("cloud")];
    const options = { journal: memoryJournal(), writes: "primary" } as const;
    const storage = createStorage(mirror([disk.provider, off(cloud.provider, "for now")], options));
    for (let count = 0; count < 20; count++) await storage.put(`key-${count}`, "x");
    const { reasons } = await storage.health();
    expect(reasons).toContain("cloud: the provider is switched off: for now");
    await storage.close();
  });
});

describe("a mirror with a dead, a hanging and a member that is switched off", () => {
  it("says NotFound of what is missing, stores what is new, and asks each member at most once for a call", async () => {
    const members = ["dead", "hanging", "off", "good"].map((name) => testMember(name));
    const [dead, hanging, switchedOff, good] = members as [
      (typeof members)[0],
      (typeof members)[0],
      (typeof members)[0],
      (typeof members)[0],
    ];
    const providers = [
      dead.provider,
      hanging.provider,
      off(switchedOff.provider, "for a test"),
      good.provider,
    ];
    const options = { journal: memoryJournal(), writes: "primary", retry: false, askMs: 50 } as const;
    // The journal knows every object before one of them is switched off.
    const before = createStorage(
      mirror(
        members.map(({ provider }) => provider),
        options,
      ),
    );
    await before.put("warm", "x");
    await before.provider.upkeep?.repair({});
    const storage = createStorage(mirror(providers, options));
    dead.fault = down;
    hanging.fault = waiting();
    const asked = members.map(({ calls }) => calls.length);
    const count = 1000;
    for (let index = 0; index < count; index++) {
      const key = `missing-${index}`;
      expect(await rejection(storage.head(key))).toMatchObject({
        code: "NotFound",
        unconfirmed: expect.arrayContaining(["dead", "hanging", "off"]) as string[],
      });
      expect(await rejection(storage.get(key))).toMatchObject({ code: "NotFound" });
      expect(await storage.find(key)).toBeUndefined();
    }
    const each = members.map(({ calls }, index) => calls.length - (asked[index] ?? 0));
    for (const calls of each) expect(calls).toBeLessThanOrEqual(3 * count);
    expect(each[3]).toBe(3 * count);
    await storage.put("new", "x", { ifNoneMatch: "*" });
    expect(await rejection(storage.put("new", "y", { ifNoneMatch: "*" }))).toMatchObject({
      code: "AlreadyExists",
    });
    expect(await contents(good)).toMatchObject({ new: "x" });
    await storage.close({ graceMs: 0 });
  });
});
