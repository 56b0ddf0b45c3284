import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStorage } from "../facade/create-storage.js";
import { fallback } from "../compose/fallback.js";
import type { StorageErrorCode } from "../contract/errors.js";
import type { StorageEvent } from "../contract/event.js";
import type { StorageProvider } from "../contract/provider.js";
import { place } from "../testing/chain.test-support.js";
import { down, failing, testMember, waiting, type TestMember } from "../testing/member.test-support.js";
import { rejection } from "../testing/streams.test-support.js";
import { breaker } from "./breaker.js";
import type { BreakerOptions } from "./breaker-options.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

interface Guarded {
  readonly member: TestMember;
  readonly provider: StorageProvider;
  readonly head: (key?: string) => Promise<unknown>;
  readonly events: StorageEvent[];
}

function guarded(options: BreakerOptions = {}): Guarded {
  const member = testMember("it");
  const provider = breaker(member.provider, { random: () => 0.5, ...options });
  const events: StorageEvent[] = [];
  const onEvent = (event: StorageEvent): void => void events.push(event);
  const head = async (key = "a"): Promise<unknown> => await rejection(provider.head(key, { onEvent }));
  return { member, provider, head, events };
}

async function failFive({ member, head }: Guarded, code: StorageErrorCode = "Unavailable"): Promise<void> {
  member.fault = failing(code);
  for (let count = 0; count < 5; count++) await head();
}

describe("a breaker", () => {
  it("fails at once after five failures in a row, says for how long, and tells it", async () => {
    const one = guarded();
    await failFive(one);
    const asked = one.member.calls.length;
    expect(await one.head()).toMatchObject({
      code: "Unavailable",
      applied: "no",
      retryable: false,
      retryAfterMs: 1000,
      message:
        'Cannot head "a": the provider has failed too often, and gets no reads until it answers a probe',
    });
    expect(one.member.calls).toHaveLength(asked);
    expect(one.events).toContainEqual({ type: "breaker", provider: "it", kind: "read", state: "open" });
  });

  it("opens when half of twenty calls in half a minute have failed", async () => {
    const { member, provider, head } = guarded();
    await place(member, "a", "abc");
    for (let count = 0; count < 9; count++) {
      member.fault = undefined;
      await provider.head("a", {});
      member.fault = down;
      await head();
    }
    member.fault = undefined;
    await provider.head("a", {});
    member.fault = down;
    await head();
    expect((await head()) as Error).toMatchObject({ retryAfterMs: 1000 });
  });

  it("does not count what is older than half a minute", async () => {
    const { member, head } = guarded({ consecutive: 100 });
    member.fault = down;
    for (let count = 0; count < 25; count++) {
      await head();
      vi.advanceTimersByTime(2000);
    }
    expect(await head()).toMatchObject({ reason: "made to fail" });
  });

  it.each<StorageErrorCode>([
    "NotFound",
    "AlreadyExists",
    "PreconditionFailed",
    "PermissionDenied",
    "Unauthenticated",
    "InvalidRange",
    "Unsupported",
    "TooLarge",
    "RateLimited",
    "SourceError",
  ])("is not opened by %s, which says that the provider works", async (code) => {
    const one = guarded();
    await failFive(one, code);
    expect(await one.head()).toMatchObject({ code });
  });

  it("is not opened by aborts", async () => {
    const { member, provider, head } = guarded();
    member.fault = waiting();
    for (let count = 0; count < 6; count++) {
      const stop = new AbortController();
      const asked = rejection(provider.head("a", { signal: stop.signal }));
      stop.abort(new Error("enough"));
      await asked;
    }
    member.fault = undefined;
    expect(await head()).toMatchObject({ code: "NotFound" });
  });

  it("counts reads, writes and listings apart", async () => {
    const one = guarded();
    await failFive(one);
    one.member.fault = undefined;
    await one.provider.delete("a", {});
    await one.provider.list({});
    expect(await one.head()).toMatchObject({ code: "Unavailable" });
  });

  it("asks by a probe whether it works again, while callers do not wait, and closes when that is answered", async () => {
    const one = guarded();
    await failFive(one);
    one.member.fault = undefined;
    const asked = one.member.calls.length;
    const answers = await Promise.all(Array.from({ length: 100 }, () => one.head()));
    expect(new Set(answers.map((error) => (error as { code: string }).code))).toEqual(
      new Set(["Unavailable"]),
    );
    expect(one.member.calls).toHaveLength(asked);
    await vi.advanceTimersByTimeAsync(1000);
    expect(one.member.calls.slice(asked)).toEqual(["head .stowage-probe"]);
    expect(await one.head()).toMatchObject({ code: "NotFound" });
    expect(one.events.at(-1)).toEqual({ type: "breaker", provider: "it", kind: "read", state: "closed" });
  });

  it("waits twice as long each time a probe fails, up to ten seconds", async () => {
    const one = guarded();
    await failFive(one);
    const waits: unknown[] = [];
    for (let round = 0; round < 6; round++) {
      const { retryAfterMs } = (await one.head()) as { retryAfterMs: number };
      waits.push(retryAfterMs);
      await vi.advanceTimersByTimeAsync(retryAfterMs);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it("opens after one call that took too long, and asks that question once more at once", async () => {
    const one = guarded();
    one.member.fault = failing("Timeout", {}, "get");
    await place(one.member, "a", "abc");
    await rejection(one.provider.get("a", {}));
    expect(await one.head()).toMatchObject({ code: "Unavailable" });
    const asked = one.member.calls.length;
    await vi.advanceTimersByTimeAsync(0);
    expect(one.member.calls.slice(asked)).toEqual(["get a"]);
    expect(await one.head()).toMatchObject({ code: "Unavailable" });
    one.member.fault = undefined;
    await vi.advanceTimersByTimeAsync(2000);
    await expect(one.provider.head("a", {})).resolves.toMatchObject({ size: 3 });
  });

  it("stays open for a while after a write that took too long: no probe shows that the next would not", async () => {
    const one = guarded();
    one.member.fault = failing("Timeout", {}, "delete");
    await rejection(one.provider.delete("a", {}));
    one.member.fault = undefined;
    expect(await rejection(one.provider.delete("a", {}))).toMatchObject({ code: "Unavailable" });
    await vi.advanceTimersByTimeAsync(1000);
    await one.provider.delete("a", {});
  });

  it("asks nothing any more once it is closed", async () => {
    const one = guarded();
    await failFive(one);
    await one.provider.close?.();
    const asked = one.member.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.member.calls).toHaveLength(asked);
  });

  it.each<[BreakerOptions, string]>([
    [{ consecutive: 0 }, "breaker: consecutive must be a whole number, at least 1, not 0"],
    [{ share: 2 }, "breaker: share must be a number from 0 to 1, not 2"],
    [{ openMs: Number.NaN }, "breaker: openMs must be a whole number of milliseconds, at least 1, not NaN"],
  ])("refuses %o", (options, message) => {
    expect(() => breaker(testMember("it").provider, options)).toThrow(message);
  });
});

describe("breakers of the members of a chain", () => {
  it("leave out a member that is down, and the chain goes on", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const storage = createStorage(fallback([first.provider, second.provider], { retry: false, breaker: {} }));
    first.fault = down;
    for (let count = 0; count < 6; count++) await storage.put(`k${count}`, "x");
    const asked = first.calls.length;
    expect((await storage.put("last", "x")).provider).toBe("second");
    expect(first.calls).toHaveLength(asked);
  });
});
