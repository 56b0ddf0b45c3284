import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toBody } from "../body/body.js";
import { StorageError } from "../contract/errors.js";
import type { StorageProvider } from "../contract/provider.js";
import { place } from "../testing/chain.test-support.js";
import { down, hanging, testMember, waiting, type TestMember } from "../testing/member.test-support.js";
import { rejection } from "../testing/streams.test-support.js";
import { createController } from "../kit/clock.js";
import { PROBE_KEY } from "../kit/health.js";
import { checkBreaker } from "../wrap/breaker-options.js";
import { watchMember } from "./watch-member.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

interface Watched {
  readonly member: TestMember;
  readonly provider: StorageProvider;
  readonly back: string[];
}

function watched(): Watched {
  const member = testMember("it");
  const back: string[] = [];
  const limits = checkBreaker({ random: () => 0.5 });
  const onBack = (): void => void back.push("back");
  return { member, provider: watchMember(member.provider, { askMs: 5000, limits, onBack }), back };
}

const LARGE = "x".repeat(100_000);

/** How long a call takes by the clock of the test, and what it rejects with. */
async function timed(call: Promise<unknown>): Promise<{ readonly ms: number; readonly error: unknown }> {
  const startedAt = performance.now();
  let result: { readonly ms: number; readonly error: unknown } | undefined;
  void rejection(call).then((error) => (result = { ms: performance.now() - startedAt, error }));
  while (result === undefined) await vi.advanceTimersByTimeAsync(100);
  return result;
}

describe("the patience of a composer with a member", () => {
  it.each([
    ["heeds its signal", waiting()],
    ["does not even that", hanging()],
  ])("ends every call after five seconds when it answers nothing and %s", async (_title, fault) => {
    const large = await toBody(LARGE);
    const calls: readonly ((provider: StorageProvider) => Promise<unknown>)[] = [
      (provider) => provider.head("a", {}),
      (provider) => provider.get("a", {}),
      (provider) => provider.delete("a", {}),
      (provider) => provider.list({}),
      (provider) => provider.put("a", large, {}),
      (provider) => provider.copy?.("a", "b", {}) ?? Promise.reject(new Error("no copy")),
    ];
    for (const call of calls) {
      const { member, provider } = watched();
      member.fault = fault;
      const first = await timed(call(provider));
      expect(first.error).toMatchObject({ code: "Timeout" });
      expect(first.ms).toBeLessThanOrEqual(5100);
      for (const next of calls) {
        const { ms, error } = await timed(next(provider));
        expect(error).toMatchObject({ code: "Unavailable", applied: "no", retryable: false });
        expect(ms).toBeLessThanOrEqual(100);
      }
    }
  });

  it("lets a write of a large object go on as long as other questions are answered", async () => {
    const { member, provider } = watched();
    let finish = (): void => {};
    const work = new Promise<void>((resolve) => (finish = resolve));
    member.fault = async (call, next) => {
      if (call.operation === "put") await work;
      return await next();
    };
    const put = provider.put("a", await toBody(LARGE), {});
    await vi.advanceTimersByTimeAsync(60_000);
    expect(member.calls.filter((each) => each === "head .stowage-probe").length).toBeGreaterThan(5);
    await expect(provider.head("b", {})).rejects.toMatchObject({ code: "NotFound" });
    finish();
    await expect(put).resolves.toMatchObject({ size: LARGE.length });
  });

  it("takes an answer to any other call for a sign of life, when its own question waits its turn", async () => {
    const { member, provider } = watched();
    member.fault = async (call, next) =>
      call.operation === "put" || call.key === PROBE_KEY ? await waiting()(call, next) : await next();
    const controller = createController();
    const options = { signal: controller.signal };
    const put = timed(provider.put("a", await toBody(LARGE), options));
    for (let second = 0; second < 20; second++) {
      await vi.advanceTimersByTimeAsync(1000);
      await rejection(provider.head("b", {}));
    }
    controller.abort(new Error("enough"));
    expect((await put).error).toMatchObject({ message: "enough" });
  });

  it("refuses the change of a write that it has given up", async () => {
    const { member, provider } = watched();
    let finish = (): void => {};
    const work = new Promise<void>((resolve) => (finish = resolve));
    member.fault = async (call, next) => {
      if (call.operation !== "put") return await new Promise<never>(() => {});
      await work;
      return await next();
    };
    const { error } = await timed(provider.put("a", await toBody("small"), {}));
    expect(error).toMatchObject({ code: "Timeout" });
    finish();
    await vi.advanceTimersByTimeAsync(100);
    member.fault = undefined;
    await expect(member.store.head("a", {})).rejects.toMatchObject({ code: "NotFound" });
  });

  it("tells when a member that was left out answers again", async () => {
    const { member, provider, back } = watched();
    await place(member, "a", "abc");
    member.fault = waiting();
    await timed(provider.head("a", {}));
    member.fault = undefined;
    expect(back).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(back.length).toBeGreaterThan(0);
    await expect(provider.head("a", {})).resolves.toMatchObject({ size: 3 });
  });

  it("takes one read that is slow for that, and not for a member that is down", async () => {
    const { member, provider } = watched();
    await place(member, "a", "abc");
    member.fault = waiting("get");
    const { error } = await timed(provider.get("a", {}));
    expect(error).toMatchObject({ code: "Timeout" });
    await provider.put("b", await toBody("b"), {});
    await provider.list({});
  });

  it("leaves out a member that has failed five times in a row", async () => {
    const { member, provider } = watched();
    member.fault = down;
    for (let count = 0; count < 5; count++) await rejection(provider.head("a", {}));
    const asked = member.calls.length;
    expect(await rejection(provider.head("a", {}))).toMatchObject({ code: "Unavailable" });
    expect(member.calls).toHaveLength(asked);
  });

  it("takes neither an abort nor a limit of the caller for a failure of the member", async () => {
    const { member, provider } = watched();
    member.fault = waiting();
    for (let count = 0; count < 6; count++) {
      const stop = new AbortController();
      const calls = [
        provider.head("a", { signal: stop.signal }),
        provider.delete("a", { signal: stop.signal }),
      ];
      const reason = new StorageError("Timeout", "the caller's", { operation: "head", provider: "it" });
      stop.abort(reason);
      for (const call of calls) expect(await rejection(call)).toBe(reason);
    }
    member.fault = undefined;
    await provider.put("a", await toBody("x"), {});
    await expect(provider.head("a", {})).resolves.toMatchObject({ size: 1 });
  });

  it("does not take a body that fails for a failure of the member", async () => {
    const { provider } = watched();
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("x");
      throw new Error("the caller's file");
    };
    for (let count = 0; count < 6; count++) await rejection(provider.put("a", await toBody(failing()), {}));
    await expect(provider.put("a", await toBody("x"), {})).resolves.toMatchObject({ size: 1 });
  });
});
