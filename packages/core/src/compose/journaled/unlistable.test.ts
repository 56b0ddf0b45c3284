import { describe, expect, it } from "vitest";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { StorageError } from "../../contract/errors.js";
import type { StorageProvider } from "../../contract/provider.js";
import { createStorage } from "../../facade/create-storage.js";
import { healthOf } from "../../kit/health.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import { memory } from "../../memory/memory.js";
import { rejection } from "../../testing/streams.test-support.js";
import { fallback } from "../fallback.js";
import { mirror } from "../mirror.js";

const quick = { graceMs: 0, settleMs: 0, retry: false } as const;

/** The same member, after its credentials have lost the right to list. */
function unlistable(member: StorageProvider): StorageProvider {
  return {
    ...member,
    supports: { ...member.supports, list: false },
    list: async () => {
      throw new StorageError("Unsupported", "it may not be listed", {
        operation: "list",
        provider: member.name,
      });
    },
  };
}

describe("a member that cannot be listed", () => {
  it("is written to while the journal knows every object", async () => {
    const [first, second, journal] = [memory({ name: "first" }), memory({ name: "second" }), memoryJournal()];
    await createStorage(mirror([first, second], { ...quick, journal })).put("a", "x");
    const storage = createStorage(mirror([unlistable(first), second], { ...quick, journal }));
    await storage.put("b", "y");
    expect((await storage.listPage()).objects.map(({ key }) => key)).toEqual(["a", "b"]);
    await storage.delete("a");
    expect(await storage.exists("a")).toBe(false);
  });

  it.each([
    ["a mirror", mirror],
    ["a chain", fallback],
  ])("is not taken by %s with a new journal, also not after a repair", async (_, compose) => {
    const [first, second] = [memory({ name: "first" }), memory({ name: "second" })];
    await createStorage(first).put("old", "x");
    const made = compose([unlistable(first), second], { ...quick, journal: memoryJournal() });
    const storage = createStorage(made);
    await (made as ComposedProvider).upkeep?.repair({});
    for (const call of [() => storage.put("b", "y"), () => storage.delete("old")]) {
      expect(await rejection(call())).toMatchObject({ code: "Misconfigured", provider: "first" });
    }
    expect(await (await storage.get("old")).text()).toBe("x");
    expect(made.describe?.().limits?.join()).toContain('"first" cannot be listed');
  });
});

describe("a member that denies what is not there", () => {
  const denying = (mayBeAbsent: boolean): StorageProvider => ({
    ...memory(),
    head: async (key) => {
      throw new StorageError("PermissionDenied", "denied", {
        operation: "head",
        provider: "memory",
        key,
        mayBeAbsent,
      });
    },
  });

  it("is well, and one that denies for other reasons is not", async () => {
    expect(await healthOf(denying(true))).toMatchObject({ ready: true });
    expect(await healthOf(denying(false))).toMatchObject({ ready: false });
  });

  it("takes what a chain writes, whatever is in fallbackOn", async () => {
    const storage = createStorage(
      fallback([denying(true), memory({ name: "spare" })], { fallbackOn: ["PermissionDenied"] }),
    );
    expect((await storage.put("a", "x")).provider).toBe("memory");
  });
});
