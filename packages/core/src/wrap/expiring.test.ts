import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fallback } from "../compose/fallback.js";
import { createStorage } from "../facade/create-storage.js";
import type { StorageEvent } from "../contract/event.js";
import { MARKER_KEY } from "../contract/key.js";
import { memory } from "../memory/memory.js";
import type { StorageProvider } from "../contract/provider.js";
import { contents, place } from "../testing/chain.test-support.js";
import { down, failing, testMember, waiting } from "../testing/member.test-support.js";
import { expiring, type ExpiringOptions, type ExpiryRule } from "./expiring.js";
import { prefixed } from "./prefixed.js";
import { retry } from "./retry.js";
import type { ComposedProvider } from "../contract/composed-provider.js";

const DAY_MS = 24 * 60 * 60 * 1000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance"] }));
afterEach(() => void vi.useRealTimers());

function pass(days: number): void {
  vi.advanceTimersByTime(days * DAY_MS);
}

/** Works until nothing is due. */
async function sweep({ upkeep }: ComposedProvider): Promise<readonly StorageEvent[]> {
  const events: StorageEvent[] = [];
  const onEvent = (event: StorageEvent): void => void events.push(event);
  while ((await upkeep?.repair({ onEvent })) === 0);
  return events;
}

describe("expiring", () => {
  it("removes what has come to its age, and nothing else", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [
      { prefix: "tmp/", expireAfterDays: 2 },
      { prefix: "tmp/short/", expireAfterDays: 0.5 },
      { prefix: "kept/" },
    ]);
    for (const key of ["tmp/a", "tmp/short/b", "kept/c", "d"]) await place(member, key, "x");
    pass(1);
    await place(member, "tmp/short/e", "x");
    expect(await sweep(provider)).toEqual([{ type: "expired", key: "tmp/short/b", provider: "disk" }]);
    expect(Object.keys(await contents(member))).toEqual(["d", "kept/c", "tmp/a", "tmp/short/e"]);
    pass(1);
    await sweep(provider);
    expect(Object.keys(await contents(member))).toEqual(["d", "kept/c"]);
  });

  it("looks again when its time has come, and goes through every page", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [{ prefix: "", expireAfterDays: 1 }]);
    for (let count = 0; count < 1500; count++) await place(member, `a/${count}`, "x");
    pass(1);
    expect(await sweep(provider)).toHaveLength(1500);
    member.calls.length = 0;
    await sweep(provider);
    expect(member.calls).toEqual([]);
    pass(1 / 24);
    await sweep(provider);
    expect(member.calls).toEqual(["list "]);
  });

  it("leaves an object that has been replaced since it was listed, though its ETag is the same", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [{ prefix: "", expireAfterDays: 1 }]);
    await place(member, "a", "x");
    pass(1);
    member.fault = async (call, next) => {
      const result = await next();
      if (call.operation === "list") await place(member, "a", "x");
      return result;
    };
    expect(await sweep(provider)).toEqual([]);
    expect(await contents(member)).toEqual({ a: "x" });
  });

  it("leaves an object that is replaced in the very moment", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [{ prefix: "", expireAfterDays: 1 }]);
    await place(member, "a", "old");
    pass(1);
    member.fault = async (call, next) => {
      if (call.operation === "delete") await place(member, "a", "new");
      return await next();
    };
    expect(await sweep(provider)).toEqual([]);
    expect(await contents(member)).toEqual({ a: "new" });
  });

  it("says what it could not remove, and tries again in a minute", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [{ prefix: "", expireAfterDays: 1 }]);
    for (const key of ["a", "b"]) await place(member, key, "x");
    pass(1);
    member.fault = async (call, next) =>
      call.operation === "delete" && call.key === "a" ? await down(call, next) : await next();
    expect(await sweep(provider)).toMatchObject([{ type: "expired", key: "b" }, { type: "repairFailed" }]);
    member.fault = undefined;
    expect(await sweep(provider)).toEqual([]);
    pass(2 / 24 / 60);
    expect(await sweep(provider)).toMatchObject([{ type: "expired", key: "a" }]);
  });

  it("goes on with its other rules when one object cannot be removed", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [
      { prefix: "a/", expireAfterDays: 1 },
      { prefix: "b/", expireAfterDays: 1 },
    ]);
    for (const key of ["a/x", "b/y"]) await place(member, key, "x");
    pass(1);
    member.fault = async (call, next) =>
      call.key === "a/x" && call.operation === "delete"
        ? await failing("PermissionDenied")(call, next)
        : await next();
    await sweep(provider);
    expect(Object.keys(await contents(member))).toEqual(["a/x"]);
  });

  it("is one sweep, however many workers there are", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [{ prefix: "", expireAfterDays: 1 }]);
    for (let count = 0; count < 2500; count++) await place(member, `a/${count}`, "x");
    pass(1);
    const all = await Promise.all([sweep(provider), sweep(provider), sweep(provider)]);
    expect(all.flat()).toHaveLength(2500);
    expect(await contents(member)).toEqual({});
  });

  it("keeps its pace when the system's clock is set back", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [{ prefix: "", expireAfterDays: 1 }]);
    await sweep(provider);
    vi.setSystemTime(Date.now() - 365 * DAY_MS);
    await place(member, "a", "x");
    pass(1);
    await sweep(provider);
    expect(await contents(member)).toEqual({});
  });

  it("holds up nobody while a request is not answered", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [{ prefix: "", expireAfterDays: 1 }]);
    member.fault = waiting();
    expect(await provider.upkeep?.repair({})).toBe(1000);
    member.fault = undefined;
  });

  it("breaks nobody's repair when the provider is down", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [{ prefix: "", expireAfterDays: 1 }]);
    member.fault = failing("Unavailable");
    expect(await sweep(provider)).toMatchObject([{ type: "repairFailed", provider: "disk" }]);
  });

  it("is worked on by the repair of the storage, whatever is around it", async () => {
    const member = testMember("disk");
    const inner = expiring(member.provider, [{ prefix: "p/tmp/", expireAfterDays: 1 }]);
    const storage = createStorage(fallback([retry(prefixed(inner, "p/")), memory({ name: "other" })]));
    await storage.put("tmp/a", "x");
    await storage.put("b", "x");
    pass(1);
    const worker = storage.startRepair();
    await worker.idle();
    expect(Object.keys(await contents(member))).toEqual(["p/b"]);
    expect(await storage.health()).toMatchObject({ ready: true, degraded: false });
    expect(storage.provider.expiresAfterMs?.("tmp/a")).toBe(DAY_MS);
    expect(storage.provider.expiresAfterMs?.("b")).toBeUndefined();
    await storage.close();
  });

  it("only says when objects go, where the store removes them", async () => {
    const member = testMember("bucket");
    const rules = [{ prefix: "", expireAfterDays: 1 }];
    const provider: ComposedProvider = expiring(member.provider, rules, { removedBy: "store" });
    await place(member, "a", "x");
    pass(1);
    await sweep(provider);
    expect(await contents(member)).toEqual({ a: "x" });
    expect(provider.upkeep).toBeUndefined();
    expect(provider.expiresAfterMs?.("a")).toBe(DAY_MS);
    expect(provider.expiresAfterMs?.(MARKER_KEY)).toBe(DAY_MS);
  });

  it("never removes the marker of a composer", async () => {
    const member = testMember("disk");
    const provider: ComposedProvider = expiring(member.provider, [{ prefix: "", expireAfterDays: 1 }]);
    await place(member, MARKER_KEY, "x");
    pass(1);
    await sweep(provider);
    expect(await contents(member)).toHaveProperty([MARKER_KEY]);
    expect(provider.expiresAfterMs?.(MARKER_KEY)).toBeUndefined();
  });

  it("describes its rules", () => {
    const rules = [
      { prefix: "", expireAfterDays: 30 },
      { prefix: "tmp/", expireAfterDays: 1 },
    ];
    expect(expiring(memory(), rules).describe?.().promises).toEqual([
      "objects are removed 30 days after they were stored",
      'objects under "tmp/" are removed 1 day after they were stored',
    ]);
  });

  it("takes a provider without a conditional delete only for keys that are written once", async () => {
    const member = testMember("cloud", { supports: { conditionalDelete: false } });
    const rules = [{ prefix: "", expireAfterDays: 1 }];
    expect(() => expiring(member.provider, rules)).toThrow('set overwrites: "never"');
    const provider: ComposedProvider = expiring(member.provider, rules, { overwrites: "never" });
    await place(member, "a", "x");
    pass(1);
    await sweep(provider);
    expect(await contents(member)).toEqual({});
    expiring(member.provider, rules, { removedBy: "store" });
  });

  it.each<readonly [string, readonly unknown[], object, string]>([
    ["no prefix", [{ expireAfterDays: 1 }], {}, "prefix of a rule must be a text"],
    [
      "an age of nothing",
      [{ prefix: "", expireAfterDays: 0 }],
      {},
      "expireAfterDays must be a number of days, above 0, not 0",
    ],
    [
      "an age that is no number",
      [{ prefix: "", expireAfterDays: "1" }],
      {},
      'expireAfterDays must be a number of days, above 0, not "1"',
    ],
    ["somebody else", [], { removedBy: "me" }, 'removedBy must be "repair" or "store", not "me"'],
    ["no pause", [], { everySeconds: 0 }, "everySeconds must be a number of seconds, above 0, not 0"],
    ["another promise", [], { overwrites: "always" }, 'overwrites must be "never", not "always"'],
  ])("refuses %s", (_, rules, options, message) => {
    const make = (): StorageProvider =>
      expiring(memory(), rules as readonly ExpiryRule[], options as ExpiringOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});
