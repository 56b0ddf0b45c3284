import { afterEach, describe, expect, it, vi } from "vitest";
import { toBody } from "../body/body.js";
import type { StorageError, StorageErrorCode } from "../contract/errors.js";
import type { Around } from "./intercept.js";
import type { StorageEvent } from "../contract/event.js";
import type { GetResult, StorageProvider } from "../contract/provider.js";
import {
  breakingAfter,
  failing,
  failingAtFirst,
  losingAnswers,
  testMember,
  waiting,
  type TestMember,
  type TestMemberOptions,
} from "../testing/member.test-support.js";
import { patterned, rejection, streamOf, streaming } from "../testing/streams.test-support.js";
import { retry } from "./retry.js";
import type { RetryOptions } from "./retry-options.js";

type RetryEvent = Extract<StorageEvent, { type: "retry" }>;

const body = await toBody("abc");
// Loaded now: no timer of a test shall wait for it.
await import("p-retry");

function retried(
  fault: Around,
  options: RetryOptions = {},
  memberOptions: TestMemberOptions = {},
): {
  provider: StorageProvider;
  member: TestMember;
  events: RetryEvent[];
  onEvent: (event: StorageEvent) => void;
} {
  const member = testMember("disk", { ...memberOptions, fault });
  const events: RetryEvent[] = [];
  const onEvent = (event: StorageEvent): void => void (event.type === "retry" && events.push(event));
  return {
    provider: retry(member.provider, { baseMs: 0, rateLimitedBaseMs: 0, ...options }),
    member,
    events,
    onEvent,
  };
}

describe("a call that fails for a passing reason", () => {
  it.each<StorageErrorCode>(["Unavailable", "RateLimited", "Timeout", "Integrity"])(
    "with %s is tried again until it works",
    async (code) => {
      const { provider, member } = retried(failingAtFirst(2, failing(code)));
      expect((await provider.put("a", body, {})).size).toBe(3);
      expect(member.calls).toEqual(["put a", "put a", "put a"]);
    },
  );

  it.each([1, 2, 3, 5])("is tried %d times at most", async (attempts) => {
    const { provider, member } = retried(failing("Unavailable"), { attempts });
    await rejection(provider.head("a", {}));
    expect(member.calls).toHaveLength(attempts);
  });

  it("is tried three times when nothing else is said", async () => {
    const { provider, member } = retried(failing("Unavailable"));
    await rejection(provider.head("a", {}));
    expect(member.calls).toHaveLength(3);
  });

  it("is given up with retryable false and one attempt for each try", async () => {
    const { provider } = retried(failing("Unavailable"), { attempts: 3 });
    const error = (await rejection(provider.put("a", body, {}))) as StorageError;
    expect(error).toMatchObject({
      code: "Unavailable",
      applied: "no",
      retryable: false,
      provider: "disk",
      key: "a",
    });
    expect(error.attempts).toHaveLength(3);
    for (const attempt of error.attempts ?? []) {
      expect(attempt).toMatchObject({ provider: "disk", error: { code: "Unavailable", retryable: true } });
      expect(attempt.milliseconds).toBeGreaterThanOrEqual(0);
    }
  });

  it("is not tried again by a second layer above", async () => {
    const { provider, member } = retried(failing("Unavailable"), { attempts: 2 });
    await rejection(retry(provider, { baseMs: 0 }).head("a", {}));
    expect(member.calls).toHaveLength(2);
  });

  it("gives the object of the try that worked", async () => {
    const { provider, member } = retried(failingAtFirst(1, failing("Unavailable"), "get"));
    await member.store.put("a", body, {});
    expect(Buffer.from((await provider.get("a", {})).body as Uint8Array).toString()).toBe("abc");
  });

  it("tells of each pause with the try, the error and the delay", async () => {
    const { provider, events, onEvent } = retried(failingAtFirst(2, failing("Unavailable")));
    await provider.head("a", { onEvent }).catch(() => {});
    expect(events).toMatchObject([
      {
        operation: "head",
        provider: "disk",
        key: "a",
        attempt: 1,
        delayMs: 0,
        error: { code: "Unavailable" },
      },
      {
        operation: "head",
        provider: "disk",
        key: "a",
        attempt: 2,
        delayMs: 0,
        error: { code: "Unavailable" },
      },
    ]);
  });
});

describe("a call that fails for good", () => {
  it.each<StorageErrorCode>([
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "OutOfSpace",
    "SourceError",
    "Unknown",
  ])("with %s is not tried again, and its error passes unchanged", async (code) => {
    const { provider, member } = retried(failing(code));
    const error = (await rejection(provider.put("a", body, {}))) as StorageError;
    expect(error).toMatchObject({ code, attempts: undefined });
    expect(member.calls).toHaveLength(1);
  });

  it.each([new Error("boom"), new TypeError("boom"), "boom", undefined])(
    "with something that is no StorageError is not tried again: %s",
    async (thrown) => {
      const { provider, member } = retried(() => Promise.reject(thrown));
      expect(await rejection(provider.head("a", {}))).toBe(thrown);
      expect(member.calls).toHaveLength(1);
    },
  );

  it("with something else on a later try rejects with that", async () => {
    const boom = new Error("boom");
    const { provider, member } = retried(failingAtFirst(1, failing("Unavailable")));
    const first = member.fault;
    member.fault = (call, next) =>
      member.calls.length > 1 ? Promise.reject(boom) : (first ?? next)(call, next);
    expect(await rejection(provider.head("a", {}))).toBe(boom);
  });
});

/** Fails until it is given up, while time passes as pauses ask for it. @returns How long each pause took. */
async function pausesOf(code: StorageErrorCode, options: RetryOptions): Promise<readonly number[]> {
  vi.useFakeTimers();
  try {
    const triedAt: number[] = [];
    const fail = failing(code);
    const { provider } = retried((call, next) => {
      triedAt.push(performance.now());
      return fail(call, next);
    }, options);
    const given = rejection(provider.head("a", {}));
    while (vi.getTimerCount() > 0 || triedAt.length < (options.attempts ?? 3)) {
      await vi.advanceTimersToNextTimerAsync();
    }
    await given;
    return triedAt.slice(1).map((at, index) => at - (triedAt[index] ?? 0));
  } finally {
    vi.useRealTimers();
  }
}

describe("the pause", () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    ["half of a bound", 0, [1000, 2000, 3000, 3000, 3000]],
    ["three quarters of it", 0.5, [1500, 3000, 4500, 4500, 4500]],
    ["nearly all of it", 0.999, [1999, 3998, 5997, 5997, 5997]],
  ])("takes %s, which doubles up to the longest", async (_, random, expected) => {
    vi.spyOn(Math, "random").mockReturnValue(random);
    const options = { attempts: 6, baseMs: 2000, maxDelayMs: 6000 };
    expect(await pausesOf("Unavailable", options)).toEqual(expected);
  });

  it("after RateLimited has a base of its own", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const options = { attempts: 3, baseMs: 1000, rateLimitedBaseMs: 10_000 };
    expect(await pausesOf("RateLimited", options)).toEqual([7500, 15_000]);
  });

  it("is never longer than maxDelayMs, whatever fails after whatever", async () => {
    const codes: StorageErrorCode[] = ["Unavailable", "RateLimited", "RateLimited"];
    const fault: Around = (call, next) => failing(codes.shift() ?? "Unavailable")(call, next);
    const options = { attempts: 4, baseMs: 1, rateLimitedBaseMs: 60_000, maxDelayMs: 5 };
    const { provider, events, onEvent } = retried(fault, options);
    await rejection(provider.head("a", { onEvent }));
    expect(events.map(({ delayMs }) => delayMs)).toEqual([1, 5, 5]);
  });

  it("is told with the most that it may take", async () => {
    const { provider, events, onEvent } = retried(failing("Unavailable"), {
      attempts: 6,
      baseMs: 2,
      maxDelayMs: 12,
    });
    await rejection(provider.head("a", { onEvent }));
    expect(events.map(({ attempt, delayMs }) => [attempt, delayMs])).toEqual([
      [1, 2],
      [2, 4],
      [3, 8],
      [4, 12],
      [5, 12],
    ]);
  });

  it("is at least as long as the provider asks for", async () => {
    const fault = failingAtFirst(1, failing("RateLimited", { retryAfterMs: 40 }), "put");
    const { provider, events, onEvent } = retried(fault);
    const startedAt = performance.now();
    await provider.put("a", body, { onEvent });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39);
    expect(events[0]?.delayMs).toBe(40);
  });

  it("after RateLimited is longer also when the first try failed otherwise", async () => {
    const codes: StorageErrorCode[] = ["Unavailable", "RateLimited"];
    const fault: Around = (call, next) => failing(codes.shift() ?? "Unavailable")(call, next);
    const { provider, events, onEvent } = retried(fault, { baseMs: 2, rateLimitedBaseMs: 10 });
    await rejection(provider.head("a", { onEvent }));
    expect(events.map(({ delayMs }) => delayMs)).toEqual([2, 20]);
  });

  it("is not waited for when the provider asks for longer than the longest", async () => {
    const fault = failing("RateLimited", { retryAfterMs: 60_000 });
    const { provider, member } = retried(fault, { maxDelayMs: 20_000 });
    expect(await rejection(provider.head("a", {}))).toMatchObject({ retryable: false, retryAfterMs: 60_000 });
    expect(member.calls).toHaveLength(1);
  });
});

describe("an abort", () => {
  const long: RetryOptions = { baseMs: 3_600_000, maxDelayMs: 3_600_000 };

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
    ["null", null],
    ["a number", 0],
    ["the default", undefined],
  ])("during a pause rejects at once with its reason, and no further call is made: %s", async (_, reason) => {
    const { provider, member } = retried(failing("Unavailable"), long);
    const controller = new AbortController();
    const onEvent = (): void => void setTimeout(() => controller.abort(reason), 5);
    const error = await rejection(provider.head("a", { signal: controller.signal, onEvent }));
    expect(error).toBe(controller.signal.reason);
    expect(member.calls).toHaveLength(1);
  });

  it("just before a pause rejects at once with its reason", async () => {
    const { provider, member } = retried(failing("Unavailable"), long);
    const controller = new AbortController();
    const onEvent = (): void => controller.abort("stop");
    expect(await rejection(provider.head("a", { signal: controller.signal, onEvent }))).toBe("stop");
    expect(member.calls).toHaveLength(1);
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("during a later try rejects with its reason: %s", async (_, reason) => {
    const { provider, member } = retried(failing("Unavailable"));
    const controller = new AbortController();
    const onEvent = (): void => {
      member.fault = waiting();
      setTimeout(() => controller.abort(reason), 5);
    };
    expect(await rejection(provider.head("a", { signal: controller.signal, onEvent }))).toBe(reason);
    expect(member.calls).toHaveLength(2);
  });

  it("that comes with the answer of a later try does not lose the open object", async () => {
    const member = testMember("disk", { fault: failingAtFirst(1, failing("Unavailable"), "get") });
    await member.store.put("a", body, {});
    const controller = new AbortController();
    const source = streaming(member.provider);
    const late: StorageProvider = {
      ...source,
      get: async (key, options) => {
        const result = await source.get(key, options);
        controller.abort(new Error("stop"));
        return result;
      },
    };
    const result: GetResult | undefined = await retry(late, { baseMs: 0 })
      .get("a", { signal: controller.signal })
      .catch(() => undefined);
    expect(result?.body === source.opened[0] || source.opened[0]?.destroyed).toBe(true);
    source.opened[0]?.destroy();
  });
});

describe("a put", () => {
  const bytes = patterned(200_000);

  it("whose body can be read again is tried again with all of it", async () => {
    const { provider, member } = retried(failingAtFirst(2, breakingAfter(100_000)));
    await provider.put("a", await toBody(() => streamOf(bytes)), {});
    const stored = await member.store.get("a", {});
    expect(bytes.equals(stored.body as Uint8Array)).toBe(true);
  });

  it("whose one-shot body has been opened is not tried again", async () => {
    const { provider, member } = retried(breakingAfter(100_000));
    const error = await rejection(provider.put("a", await toBody(streamOf(bytes)), {}));
    expect(error).toMatchObject({ code: "Unavailable", retryable: false });
    expect(member.calls).toHaveLength(1);
  });

  it("whose one-shot body has not been opened is tried again", async () => {
    const { provider, member } = retried(failingAtFirst(2, failing("Unavailable")));
    await provider.put("a", await toBody(streamOf(bytes)), {});
    expect(member.calls).toHaveLength(3);
    expect((await member.store.head("a", {})).size).toBe(bytes.byteLength);
  });

  it.each([
    ["a put", (provider: StorageProvider) => provider.put("a", body, {})],
    ["a delete", (provider: StorageProvider) => provider.delete("a", {})],
    ["a copy", (provider: StorageProvider) => provider.copy?.("source", "a", {})],
    ["a deleteMany", (provider: StorageProvider) => provider.deleteMany?.(["x", "a"], {})],
  ])("is not tried again when %s of its key has begun since", async (_, write) => {
    const { provider, member } = retried(failingAtFirst(1, failing("Unavailable"), "put"));
    await member.store.put("source", body, {});
    const old = await toBody("old");
    let newer: Promise<unknown> = Promise.resolve();
    const onEvent = (): void => void (newer = Promise.resolve(write(provider)));
    const error = await rejection(provider.put("a", old, { onEvent }));
    await newer;
    expect(error).toMatchObject({ code: "Unavailable", retryable: false });
    expect(await member.store.get("a", {}).catch(() => undefined)).not.toMatchObject({
      body: Buffer.from("old"),
    });
    expect(member.calls.filter((call) => call === "put a").length).toBeLessThanOrEqual(2);
  });

  it("is tried again when a read of its key or a write of another has begun since", async () => {
    const { provider, member } = retried(failingAtFirst(1, failing("Unavailable"), "put"));
    const onEvent = (): void => {
      void provider.head("a", {}).catch(() => {});
      void provider.delete("b", {});
      void provider.deleteMany?.(["c"], {});
    };
    expect((await provider.put("a", body, { onEvent })).size).toBe(3);
    expect((await member.store.head("a", {})).size).toBe(3);
  });

  it("does not stop the retries of a newer one that fails too", async () => {
    const { provider, member } = retried(failingAtFirst(2, failing("Unavailable"), "put"));
    const newest = await toBody("newest");
    let newer: Promise<unknown> = Promise.resolve();
    const onEvent = (event: StorageEvent): void => {
      if (event.type === "retry" && member.calls.length === 1) newer = provider.put("a", newest, {});
    };
    await rejection(provider.put("a", body, { onEvent }));
    await newer;
    expect((await member.store.head("a", {})).size).toBe(6);
  });
});

describe("a deleteMany", () => {
  it("is tried again", async () => {
    const { provider, member } = retried(failingAtFirst(1, failing("Unavailable"), "deleteMany"));
    await member.store.put("a", body, {});
    expect(await provider.deleteMany?.(["a"], {})).toEqual([]);
    expect((await member.store.list({})).objects).toEqual([]);
  });

  it("is not tried again when a newer write of one of its keys has begun", async () => {
    const { provider, member } = retried(failingAtFirst(1, failing("Unavailable"), "deleteMany"));
    let newer: Promise<unknown> = Promise.resolve();
    const onEvent = (): void => void (newer = provider.put("b", body, {}));
    await rejection(provider.deleteMany?.(["a", "b"], { onEvent }) ?? Promise.resolve());
    await newer;
    expect((await member.store.head("b", {})).size).toBe(3);
  });
});

describe("a write whose outcome is unknown", () => {
  const lost = (): Around => failingAtFirst(1, losingAnswers("put"), "put");

  it("is tried again when repeating it does no harm", async () => {
    const { provider, member } = retried(lost());
    expect((await provider.put("a", body, {})).size).toBe(3);
    expect(member.calls).toEqual(["put a", "put a"]);
  });

  it("and create-only recognises its own first try by the write id", async () => {
    const { provider, member } = retried(lost());
    const info = await provider.put("a", body, { ifNoneMatch: "*" });
    expect(info).toMatchObject({ key: "a", size: 3, provider: "disk" });
    expect(info).toEqual(await member.store.head("a", {}));
  });

  it("and create-only recognises its own first try by a given write id", async () => {
    const { provider } = retried(lost());
    expect((await provider.put("a", body, { ifNoneMatch: "*", writeId: "w-1" })).writeId).toBe("w-1");
  });

  it("and conditional on an ETag recognises its own first try", async () => {
    const { provider, member } = retried(lost());
    const { etag } = await member.store.put("a", await toBody("before"), {});
    expect((await provider.put("a", body, { ifMatch: etag })).size).toBe(3);
  });

  it("and a copy recognises its own first try when its source was replaced since", async () => {
    const { provider, member } = retried(failingAtFirst(1, losingAnswers("copy"), "copy"));
    const { etag } = await member.store.put("from", body, {});
    const newer = await toBody("newer source");
    const onEvent = (event: StorageEvent): void => {
      if (event.type === "retry") void member.store.put("from", newer, {});
    };
    const info = await provider.copy?.("from", "to", { sourceIfMatch: etag, writeId: "w-1", onEvent });
    expect(info).toMatchObject({ key: "to", size: 3, writeId: "w-1" });
  });

  it("and create-only is AlreadyExists when somebody else has written meanwhile", async () => {
    const { provider, member } = retried(
      failingAtFirst(1, failing("Unavailable", { applied: "unknown" }), "put"),
    );
    const onEvent = (): void => void member.store.put("a", body, { writeId: "other" });
    const error = await rejection(provider.put("a", body, { ifNoneMatch: "*", onEvent }));
    expect(error).toMatchObject({ code: "AlreadyExists", applied: "no" });
  });

  it("and create-only stays unknown when nobody can say whose object it is", async () => {
    const { provider, member } = retried(lost());
    const onEvent = (): void => void (member.fault = failing("Unavailable", {}, "head"));
    const error = await rejection(provider.put("a", body, { ifNoneMatch: "*", onEvent }));
    expect(error).toMatchObject({ code: "AlreadyExists", applied: "unknown" });
  });

  it("and create-only is not tried again where the provider keeps no write id", async () => {
    const { provider, member } = retried(lost(), {}, { supports: { metadata: false } });
    const error = await rejection(provider.put("a", body, { ifNoneMatch: "*" }));
    expect(error).toMatchObject({ code: "Unavailable", applied: "unknown", retryable: false });
    expect(member.calls).toHaveLength(1);
  });

  it("asks for nobody's write id when no try has been lost", async () => {
    const { provider, member } = retried((_, next) => next());
    await member.store.put("a", body, {});
    expect(await rejection(provider.put("a", body, { ifNoneMatch: "*" }))).toMatchObject({
      code: "AlreadyExists",
      applied: "no",
    });
    expect(member.calls).toEqual(["put a"]);
  });

  it.each<StorageErrorCode>(["Unavailable", "PermissionDenied", "OutOfSpace", "RateLimited"])(
    "stays unknown when the next try fails with %s",
    async (code) => {
      const { provider, member } = retried(lost(), { attempts: 2 });
      const onEvent = (): void => void (member.fault = failing(code, { applied: "no" }));
      expect(await rejection(provider.put("a", body, { onEvent }))).toMatchObject({
        code,
        applied: "unknown",
        retryable: false,
      });
    },
  );

  it("is not unknown when every try failed before anything happened", async () => {
    const { provider } = retried(failing("Unavailable", { applied: "no" }));
    expect(await rejection(provider.put("a", body, {}))).toMatchObject({ applied: "no" });
  });

  it("is tried again for a delete", async () => {
    const { provider, member } = retried(failingAtFirst(1, losingAnswers("delete"), "delete"));
    await member.store.put("a", body, {});
    await provider.delete("a", {});
    expect(member.calls).toHaveLength(2);
  });

  it("is tried again for a copy without a condition only", async () => {
    const { provider, member } = retried(failingAtFirst(2, losingAnswers("copy"), "copy"));
    await member.store.put("a", body, {});
    expect((await provider.copy?.("a", "b", {}))?.key).toBe("b");
    member.fault = failingAtFirst(1, losingAnswers("copy"), "copy");
    const error = await rejection(provider.copy?.("a", "c", { ifNoneMatch: "*" }) ?? Promise.resolve());
    expect(error).toMatchObject({ code: "Unavailable", applied: "unknown" });
  });
});

describe("options", () => {
  it.each([
    { attempts: 0 },
    { attempts: 1.5 },
    { attempts: Number.NaN },
    { attempts: "3" },
    { baseMs: -1 },
    { rateLimitedBaseMs: Number.POSITIVE_INFINITY },
    { maxDelayMs: -5 },
  ])("out of their range are a TypeError: %j", (options) => {
    expect(() => retry(testMember("disk").provider, options as RetryOptions)).toThrow(TypeError);
  });
});

describe("the wrapper", () => {
  it("describes itself and what it wraps", () => {
    const described = retry(testMember("disk").provider, { attempts: 4 }).describe?.();
    expect(described).toMatchObject({ kind: "wrapper", type: "retry", name: "disk" });
    expect(described?.promises?.join()).toContain("4 times");
  });
});

describe("the budget of retries", () => {
  /** How often a call was tried that fails for ever. */
  async function triesOf(provider: StorageProvider, member: TestMember): Promise<number> {
    const before = member.calls.length;
    await rejection(provider.head("a", {}));
    return member.calls.length - before;
  }

  it("is used up by a provider that is down, and then calls are tried once", async () => {
    const member = testMember("it");
    const provider = retry(member.provider, { baseMs: 0, budget: 50 });
    member.fault = failing("Unavailable");
    const tries: number[] = [];
    for (let count = 0; count < 4; count++) tries.push(await triesOf(provider, member));
    expect(tries).toEqual([3, 2, 1, 1]);
  });

  it("is given back by calls that succeed", async () => {
    const member = testMember("it");
    const provider = retry(member.provider, { baseMs: 0, budget: 28 });
    await member.store.put("a", body, {});
    member.fault = failing("Unavailable");
    expect(await triesOf(provider, member)).toBe(3);
    expect(await triesOf(provider, member)).toBe(1);
    member.fault = undefined;
    for (let count = 0; count < 14; count++) await provider.head("a", {});
    member.fault = failing("Unavailable");
    expect(await triesOf(provider, member)).toBe(2);
  });

  it("takes less for what asks to slow down", async () => {
    const member = testMember("it");
    const provider = retry(member.provider, { baseMs: 0, rateLimitedBaseMs: 0, budget: 10 });
    member.fault = failing("RateLimited");
    expect([await triesOf(provider, member), await triesOf(provider, member)]).toEqual([3, 1]);
  });

  it("of 0 has no end", async () => {
    const member = testMember("it");
    const provider = retry(member.provider, { baseMs: 0, budget: 0 });
    member.fault = failing("Unavailable");
    for (let count = 0; count < 50; count++) expect(await triesOf(provider, member)).toBe(3);
  });
});
