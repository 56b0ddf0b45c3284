import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStorage } from "../../facade/create-storage.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import { StorageError } from "../../contract/errors.js";
import type { StorageEvent } from "../../contract/event.js";
import { down, testMember, type TestMember } from "../../testing/member.test-support.js";
import { rejection } from "../../testing/streams.test-support.js";
import { mirror } from "../mirror.js";
import { createHedge, type HedgeOptions } from "./hedge.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

interface World {
  readonly first: TestMember;
  readonly second: TestMember;
  readonly storage: ReturnType<typeof createStorage>;
  readonly events: StorageEvent[];
  /** Timers that wait for no call. */
  readonly idle: number;
}

async function world(hedge: HedgeOptions = {}): Promise<World> {
  const [first, second] = [testMember("first"), testMember("second")];
  const events: StorageEvent[] = [];
  const storage = createStorage(
    mirror([first.provider, second.provider], {
      journal: memoryJournal(),
      retry: false,
      timeouts: false,
      hedge,
    }),
    { onEvent: (event) => void events.push(event) },
  );
  await storage.put("a", "abc");
  // Members are compared once before one of them can answer for all.
  await storage.provider.upkeep?.repair({});
  return { first, second, storage, events, idle: vi.getTimerCount() };
}

/** Answers after so long, by the clock of the test. */
const slow =
  (milliseconds: number): NonNullable<TestMember["fault"]> =>
  async (call, next) => {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      call.options.signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(call.options.signal?.reason as Error);
      });
    });
    return await next();
  };

const won = { type: "hedge", operation: "head", provider: "second", key: "a", won: true };

describe("a read that is hedged", () => {
  it("asks the next member when the first takes longer than usual, and takes the quicker answer", async () => {
    const { first, second, storage, events, idle } = await world();
    first.fault = slow(1000);
    const asked = storage.head("a");
    await vi.advanceTimersByTimeAsync(60);
    expect(await asked).toMatchObject({ provider: "second" });
    expect(second.calls.at(-1)).toBe("head a");
    expect(events).toContainEqual(won);
    expect(vi.getTimerCount()).toBe(idle);
  });

  it("is not spoiled by the first member, which fails after the other has answered", async () => {
    const { first, storage, idle } = await world();
    let fail = (): void => {};
    first.fault = async (call) => {
      await new Promise<void>((resolve) => (fail = resolve));
      throw new StorageError("Unavailable", "too late", { operation: call.operation, provider: "first" });
    };
    const asked = storage.head("a");
    await vi.advanceTimersByTimeAsync(60);
    expect(await asked).toMatchObject({ provider: "second" });
    fail();
    await vi.advanceTimersByTimeAsync(60);
    expect(vi.getTimerCount()).toBe(idle);
  });

  it("asks only one while that one is quick", async () => {
    const { second, storage, idle } = await world();
    const before = second.calls.length;
    for (let count = 0; count < 20; count++) await storage.head("a");
    expect(second.calls).toHaveLength(before);
    expect(vi.getTimerCount()).toBe(idle);
  });

  it("takes the first member's answer when that comes before the other's", async () => {
    const { first, second, storage, events, idle } = await world();
    first.fault = slow(100);
    second.fault = slow(1000);
    const asked = storage.head("a");
    await vi.advanceTimersByTimeAsync(110);
    expect(await asked).toMatchObject({ provider: "first" });
    expect(events).toContainEqual({ ...won, won: false });
    expect(vi.getTimerCount()).toBe(idle);
  });

  it("is done for one read of twenty at most", async () => {
    const { first, second, storage } = await world();
    first.fault = slow(100);
    const before = second.calls.length;
    for (let count = 0; count < 40; count++) {
      const asked = storage.head("a");
      await vi.advanceTimersByTimeAsync(200);
      await asked;
    }
    expect(second.calls.length - before).toBeLessThanOrEqual(3);
  });

  it("waits for the other when one fails, and fails when both do", async () => {
    const { first, second, storage } = await world({ share: 1 });
    first.fault = slow(80);
    second.fault = down;
    const asked = storage.head("a");
    await vi.advanceTimersByTimeAsync(200);
    expect(await asked).toMatchObject({ provider: "first" });
    first.fault = async (call, next) => await slow(80)(call, () => down(call, next));
    const failed = rejection(storage.head("a"));
    await vi.advanceTimersByTimeAsync(200);
    expect(await failed).toMatchObject({ code: "Unavailable" });
  });

  it.each<[HedgeOptions, string]>([
    [{ leastMs: 0 }, "leastMs"],
    [{ share: 2 }, "share"],
  ])("refuses %o", (options, name) => {
    expect(() => createHedge(options)).toThrow(`mirror: hedge.${name} must be a number`);
  });

  it("refuses what is no object", () => {
    expect(() => createHedge(true as unknown as HedgeOptions)).toThrow(
      "mirror: hedge: options must be an object, not a boolean",
    );
  });
});
