import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStorage } from "../facade/create-storage.js";
import { fallback } from "../compose/fallback.js";
import type { StorageErrorCode } from "../contract/errors.js";
import type { StorageEvent } from "../contract/event.js";
import type { StorageProvider } from "../contract/provider.js";
import { place } from "../testing/chain.test-support.js";
import { down, failing, testMember, waiting, type TestMember } from "../testing/member.test-support.js";
import { rejection } from "../testing/streams.test-support.js";
import { breaker, type BreakerOptions } from "./breaker.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
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
      retryAfterMs: 10_000,
      message: 'Cannot head "a": it has failed too often, and is not asked for reads for 10000 ms',
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
    expect((await head()) as Error).toMatchObject({ retryAfterMs: 10_000 });
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

  it("lets one call of a hundred through when its time is over, and closes when that succeeds", async () => {
    const one = guarded();
    await failFive(one);
    one.member.fault = undefined;
    vi.advanceTimersByTime(10_000);
    const asked = one.member.calls.length;
    const answers = await Promise.all(Array.from({ length: 100 }, () => one.head()));
    const codes = answers.map((error) => (error as { code: string }).code);
    expect(codes).toEqual(["NotFound", ...Array.from({ length: 99 }, () => "Unavailable")]);
    expect(one.member.calls).toHaveLength(asked + 1);
    expect(await one.head()).toMatchObject({ code: "NotFound" });
    expect(one.events.at(-1)).toEqual({ type: "breaker", provider: "it", kind: "read", state: "closed" });
  });

  it("stays open twice as long each time that call fails, up to five minutes", async () => {
    const one = guarded();
    await failFive(one);
    const waits: unknown[] = [];
    for (let round = 0; round < 7; round++) {
      vi.advanceTimersByTime(300_000);
      await one.head();
      waits.push(((await one.head()) as { retryAfterMs: number }).retryAfterMs);
    }
    expect(waits).toEqual([20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
  });

  it.each<[BreakerOptions, string]>([
    [{ consecutive: 0 }, "breaker: consecutive is a whole number, at least 1, not 0"],
    [{ share: 2 }, "breaker: share is a number from 0 to 1, not 2"],
    [{ openMs: Number.NaN }, "breaker: openMs is a whole number of milliseconds, at least 1, not NaN"],
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

  it("never close off the last way out: the one that failed longest ago is tried", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const storage = createStorage(fallback([first.provider, second.provider], { retry: false, breaker: {} }));
    first.fault = down;
    second.fault = down;
    for (let count = 0; count < 6; count++) {
      await rejection(storage.head("a"));
      vi.advanceTimersByTime(1);
    }
    first.fault = undefined;
    await place(first, "a", "abc");
    expect(await storage.head("a")).toMatchObject({ provider: "first" });
  });
});
