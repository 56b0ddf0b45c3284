import { afterEach, describe, expect, it, vi } from "vitest";
import { clock } from "../kit/clock.js";
import { CallLimit, type LimitedCall } from "./call-limit.js";

function nothing(): void {}

function done(limit: CallLimit, call: LimitedCall): void {
  limit.end(call);
  limit.give(call);
}

describe("the signal of a call", () => {
  it("serves again when it has been given back", () => {
    const limit = new CallLimit(1000);
    const call = limit.begin(nothing);
    done(limit, call);
    expect(limit.begin(nothing).controller).toBe(call.controller);
    limit.close("over");
  });

  it("serves one call at a time", () => {
    const limit = new CallLimit(1000);
    expect(limit.begin(nothing).controller).not.toBe(limit.begin(nothing).controller);
    limit.close("over");
  });

  it("never serves again when it was aborted", () => {
    const limit = new CallLimit(1000);
    const call = limit.begin(nothing);
    call.controller.abort();
    done(limit, call);
    expect(limit.begin(nothing).controller).not.toBe(call.controller);
    limit.close("over");
  });

  it("never serves again while somebody still listens to it", () => {
    const limit = new CallLimit(1000);
    const call = limit.begin(nothing);
    call.controller.signal.addEventListener("abort", nothing);
    done(limit, call);
    expect(limit.begin(nothing).controller).not.toBe(call.controller);
    limit.close("over");
  });

  it("is aborted by closing while it serves, and not after", () => {
    const limit = new CallLimit(1000);
    const [serving, given, forgotten] = [limit.begin(nothing), limit.begin(nothing), limit.begin(nothing)];
    done(limit, given);
    limit.end(forgotten);
    limit.forget(forgotten);
    limit.close("stop");
    expect(serving.controller.signal.reason).toBe("stop");
    expect([given, forgotten].map(({ controller }) => controller.signal.aborted)).toEqual([false, false]);
  });

  it("is kept in a bounded number", () => {
    const limit = new CallLimit(1000);
    const all = Array.from({ length: 1000 }, () => limit.begin(nothing));
    for (const call of all) done(limit, call);
    const again = new Set(Array.from({ length: 1000 }, () => limit.begin(nothing).controller));
    expect(all.filter(({ controller }) => again.has(controller)).length).toBeLessThanOrEqual(100);
    limit.close("over");
  });
});

describe("the limit of a call", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  interface Begun {
    readonly limit: CallLimit;
    readonly begin: (name: string) => LimitedCall;
    readonly expired: string[];
  }

  function begun(limitMs: number): Begun {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const limit = new CallLimit(limitMs);
    const expired: string[] = [];
    return { limit, expired, begin: (name) => limit.begin(() => void expired.push(name)) };
  }

  it("ends each call at its own time", () => {
    const { begin, expired } = begun(1000);
    begin("first");
    vi.advanceTimersByTime(400);
    begin("second");
    vi.advanceTimersByTime(599);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["first"]);
    vi.advanceTimersByTime(399);
    expect(expired).toEqual(["first"]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["first", "second"]);
  });

  it("begins anew with each sign of life", () => {
    const { begin, expired } = begun(1000);
    const call = begin("put");
    vi.advanceTimersByTime(900);
    call.heardAt = performance.now();
    vi.advanceTimersByTime(999);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["put"]);
  });

  it("ends no call that has ended, nor the one that its signal serves next", () => {
    const { limit, begin, expired } = begun(1000);
    const first = begin("first");
    vi.advanceTimersByTime(900);
    done(limit, first);
    begin("second");
    vi.advanceTimersByTime(999);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["second"]);
  });

  it("gives a call more time, once, when the process was too busy to read an answer", () => {
    const { begin, expired } = begun(1000);
    begin("first");
    let busyMs = 3000;
    vi.spyOn(clock, "now").mockImplementation(() => performance.now() + busyMs);
    vi.advanceTimersByTime(1000);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(499);
    expect(expired).toEqual([]);
    busyMs = 6000;
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["first"]);
    vi.restoreAllMocks();
  });

  it("begins with a call after a long silence", () => {
    const { limit, begin, expired } = begun(1000);
    const first = begin("first");
    done(limit, first);
    vi.advanceTimersByTime(10_000);
    expect(vi.getTimerCount()).toBe(0);
    begin("second");
    vi.advanceTimersByTime(1000);
    expect(expired).toEqual(["second"]);
  });

  it("keeps no process alive when all calls have ended, and no timer when it is closed", () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const limit = new CallLimit(60_000);
    const call = limit.begin(nothing);
    expect(timers()).toBe(before + 1);
    limit.end(call);
    expect(timers()).toBe(before);
    const next = limit.begin(nothing);
    expect(timers()).toBe(before + 1);
    limit.close("over");
    limit.end(next);
    expect(timers()).toBe(before);
  });
});
