import { once } from "node:events";
import { PassThrough, type Readable } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { toBody } from "../body/body.js";
import type { Around, Call } from "./intercept.js";
import type { GetResult, StorageProvider } from "../contract/provider.js";
import { hanging, testMember, waiting, type TestMember } from "../testing/member.test-support.js";
import { readAll, rejection, streaming, until } from "../testing/streams.test-support.js";
import { timeout, type TimeoutOptions } from "./timeout.js";
import type { ObjectInfo } from "../contract/object.js";

const body = await toBody("abc");
const OFF: TimeoutOptions = { firstByteMs: 0, idleMs: 0, controlMs: 0, copyMs: 0 };

function limited(fault: Around, options: TimeoutOptions): { provider: StorageProvider; member: TestMember } {
  const member = testMember("disk", { fault });
  return { provider: timeout(member.provider, options), member };
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

afterEach(() => {
  vi.useRealTimers();
});

type Make = (provider: StorageProvider, signal?: AbortSignal) => Promise<unknown> | undefined;

const calls: readonly (readonly [string, keyof TimeoutOptions, "no" | "unknown", Make])[] = [
  ["get", "firstByteMs", "no", (provider, signal) => provider.get("a", { signal })],
  ["head", "controlMs", "no", (provider, signal) => provider.head("a", { signal })],
  ["list", "controlMs", "no", (provider, signal) => provider.list({ signal })],
  ["put", "controlMs", "unknown", (provider, signal) => provider.put("a", body, { signal })],
  ["delete", "controlMs", "unknown", (provider, signal) => provider.delete("a", { signal })],
  ["deleteMany", "controlMs", "unknown", (provider, signal) => provider.deleteMany?.(["a"], { signal })],
  ["copy", "copyMs", "unknown", (provider, signal) => provider.copy?.("a", "b", { signal })],
];

describe.each(calls)("a hanging %s", (operation, limit, applied, call) => {
  it(`is ended with Timeout after ${limit}`, async () => {
    const { provider } = limited(hanging(), { ...OFF, [limit]: 15 });
    expect(await rejection(call(provider) ?? Promise.resolve())).toMatchObject({
      code: "Timeout",
      applied,
      retryable: true,
      operation,
      provider: "disk",
      reason: "no answer came within 15 ms",
    });
  });

  it("is ended even though it heeds no signal, and is told to stop", async () => {
    let given: AbortSignal | undefined;
    const { provider } = limited(
      (inner) => {
        given = inner.options.signal;
        return new Promise<never>(() => {});
      },
      { ...OFF, [limit]: 10 },
    );
    const error = await rejection(call(provider) ?? Promise.resolve());
    expect(given?.aborted).toBe(true);
    expect(given?.reason).toBe(error);
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("rejects with the reason of an abort, unchanged: %s", async (_, reason) => {
    const { provider } = limited(waiting(), { ...OFF, [limit]: 60_000 });
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 5);
    expect(await rejection(call(provider, controller.signal) ?? Promise.resolve())).toBe(reason);
  });

  it("that heeds no signal is left to itself some time after an abort", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { provider } = limited(hanging(), { ...OFF, [limit]: 60_000 });
    const controller = new AbortController();
    const failed = rejection(call(provider, controller.signal) ?? Promise.resolve());
    controller.abort("stop");
    await vi.advanceTimersByTimeAsync(5000);
    expect(await failed).toBe("stop");
  });

  it("never begins when it is aborted before", async () => {
    const { provider, member } = limited(hanging(), { ...OFF, [limit]: 60_000 });
    expect(await rejection(call(provider, AbortSignal.abort("stop")) ?? Promise.resolve())).toBe("stop");
    expect(member.calls).toEqual([]);
  });

  it("leaves no timer when it has been aborted", async () => {
    const before = timers();
    const { provider } = limited(waiting(), { ...OFF, [limit]: 60_000 });
    const controller = new AbortController();
    const failed = rejection(call(provider, controller.signal) ?? Promise.resolve());
    controller.abort("stop");
    await failed;
    expect(timers()).toBe(before);
  });

  it("has no limit when the limit is 0", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { provider } = limited(waiting(), OFF);
    const controller = new AbortController();
    const failed = rejection(call(provider, controller.signal) ?? Promise.resolve());
    await vi.advanceTimersByTimeAsync(86_400_000);
    controller.abort("stop");
    expect(await failed).toBe("stop");
  });
});

describe("a call that answers in time", () => {
  it("passes unchanged and leaves no timer", async () => {
    const { provider, member } = limited((_, next) => next(), {});
    const before = timers();
    await provider.put("a", body, {});
    expect(await provider.head("a", {})).toEqual(await member.store.head("a", {}));
    await provider.get("a", {});
    await provider.list({});
    await provider.copy?.("a", "b", {});
    await provider.delete("a", {});
    expect(timers()).toBe(before);
  });

  it("that fails passes its error unchanged and leaves no timer", async () => {
    const boom = new Error("boom");
    const { provider } = limited(() => Promise.reject(boom), {});
    const before = timers();
    expect(await rejection(provider.head("a", {}))).toBe(boom);
    expect(timers()).toBe(before);
  });

  it("that runs out of time while it writes is waited for until it has cleaned up", async () => {
    let isClean = false;
    const { provider } = limited(
      (inner, next) => {
        if (inner.operation !== "put") return next();
        return new Promise<never>((_, reject) => {
          inner.options.signal?.addEventListener("abort", () => {
            setTimeout(() => {
              isClean = true;
              reject(new Error("cleaned up"));
            }, 10);
          });
        });
      },
      { ...OFF, controlMs: 200 },
    );
    expect(await rejection(provider.put("a", body, {}))).toMatchObject({
      code: "Timeout",
      applied: "unknown",
    });
    expect(isClean).toBe(true);
  });

  it("that throws where it should reject leaves no timer either", async () => {
    const thrown = new Error("at once");
    const inner: StorageProvider = {
      ...testMember("disk").provider,
      head: () => {
        throw thrown;
      },
    };
    const before = timers();
    expect(await rejection(timeout(inner).head("a", {}))).toBe(thrown);
    expect(timers()).toBe(before);
  });

  it("leaves no listener on the caller's signal", async () => {
    const { provider } = limited((_, next) => next(), {});
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener: add, removeEventListener: remove } = signal;
    signal.addEventListener = ((...args: Parameters<typeof add>) => (
      listeners++,
      add.apply(signal, args)
    )) as typeof add;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => (
      listeners--,
      remove.apply(signal, args)
    )) as typeof remove;
    await provider.put("a", body, { signal });
    await provider.get("a", { signal });
    expect(listeners).toBe(0);
  });
});

describe("a put", () => {
  /** Takes a body of pieces that come every `pauseMs`. */
  const slow = (pieces: number, pauseMs: number): Around => {
    return async ({ options }: Call, next) => {
      const { onProgress } = options as { onProgress?: (progress: { loaded: number }) => void };
      for (let loaded = 1; loaded <= pieces; loaded++) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        onProgress?.({ loaded });
      }
      return await next();
    };
  };

  it("is kept alive by its progress, however long it takes", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const around = withProgress(slow(20, 900));
    const provider = timeout(around, { controlMs: 1000 });
    const put = provider.put("a", body, {});
    await vi.advanceTimersByTimeAsync(19_000);
    expect((await put).size).toBe(3);
  });

  it("without progress is ended", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const provider = timeout(withProgress(slow(2, 1500)), { controlMs: 1000 });
    const failed = rejection(provider.put("a", body, {}));
    // The limit, and as long again to clean up: this one heeds no signal.
    await vi.advanceTimersByTimeAsync(2000);
    expect(await failed).toMatchObject({ code: "Timeout", applied: "unknown" });
  });

  it("still tells the caller of its progress", async () => {
    const seen: number[] = [];
    const { provider } = limited((_, next) => next(), {});
    await provider.put("a", body, { onProgress: ({ loaded }) => void seen.push(loaded) });
    expect(seen.at(-1)).toBe(3);
  });
});

/** A provider whose puts get the options that the wrapper passes on. */
function withProgress(around: Around): StorageProvider {
  const { provider } = testMember("disk");
  return {
    ...provider,
    put: (key, content, options) =>
      around<ObjectInfo>({ operation: "put", key, options, body: content }, () =>
        provider.put(key, content, options),
      ),
  };
}

describe("the body of an object", () => {
  function silentAfter(bytes: Uint8Array): PassThrough {
    const stream = new PassThrough();
    stream.write(bytes.subarray(0, 1));
    return stream;
  }

  it("that falls silent fails with Timeout after idleMs, and its stream is released", async () => {
    const { store } = testMember("disk");
    await store.put("a", body, {});
    const source = streaming(store, silentAfter);
    const result = await timeout(source, { idleMs: 15 }).get("a", {});
    expect(await rejection(readAll(result.body as Readable))).toMatchObject({
      code: "Timeout",
      applied: "no",
      operation: "get",
      key: "a",
      provider: "disk",
    });
    expect(source.opened[0]?.destroyed).toBe(true);
  });

  it("that nobody reads is not taken for silent", async () => {
    const { store } = testMember("disk");
    await store.put("a", body, {});
    const result = await timeout(streaming(store), { idleMs: 10 }).get("a", {});
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect((await readAll(result.body as Readable)).toString()).toBe("abc");
  });

  it("leaves no timer when it is dropped half-read", async () => {
    const { store } = testMember("disk");
    await store.put("a", body, {});
    const before = timers();
    const result = await timeout(streaming(store, silentAfter), { idleMs: 60_000 }).get("a", {});
    const stream = result.body as Readable;
    await once(stream, "readable");
    stream.destroy();
    await once(stream, "close");
    expect(timers()).toBe(before);
  });

  /** Objects that are opened only when they are let through. */
  async function late(): Promise<{
    slow: StorageProvider;
    opened: readonly Readable[];
    letThrough: () => void;
  }> {
    const { store } = testMember("disk");
    await store.put("a", body, {});
    const source = streaming(store);
    let letThrough: () => void = () => {};
    const gate = new Promise<void>((resolve) => (letThrough = resolve));
    const get: StorageProvider["get"] = async (key, options) => {
      const result = await source.get(key, options);
      await gate;
      return result;
    };
    return { slow: { ...source, get }, opened: source.opened, letThrough };
  }

  it("that comes after the limit is released", async () => {
    const { slow, opened, letThrough } = await late();
    expect(await rejection(timeout(slow, { firstByteMs: 10 }).get("a", {}))).toMatchObject({
      code: "Timeout",
    });
    letThrough();
    await until(() => opened[0]?.destroyed === true);
    expect(opened).toHaveLength(1);
  });

  it("that comes when the call was left to itself after an abort is released", async () => {
    const { slow, opened, letThrough } = await late();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const controller = new AbortController();
    const failed = rejection(timeout(slow).get("a", { signal: controller.signal }));
    controller.abort("stop");
    await vi.advanceTimersByTimeAsync(5000);
    expect(await failed).toBe("stop");
    vi.useRealTimers();
    letThrough();
    await until(() => opened[0]?.destroyed === true);
    expect(opened).toHaveLength(1);
  });

  it("that is bytes already passes unchanged", async () => {
    const { store } = testMember("disk");
    await store.put("a", body, {});
    const result: GetResult = await timeout(store).get("a", {});
    expect(result.body).toBeInstanceOf(Uint8Array);
  });
});

describe("the signal of a call", () => {
  /** A provider that notes the signal of each call. */
  async function noting(asStream: boolean): Promise<{ provider: StorageProvider; signals: AbortSignal[] }> {
    const { store } = testMember("disk");
    await store.put("a", body, {});
    const source = asStream ? streaming(store) : store;
    const signals: AbortSignal[] = [];
    const note = (signal: AbortSignal | undefined): void =>
      void (signal !== undefined && signals.push(signal));
    const inner: StorageProvider = {
      ...source,
      get: (key, options) => (note(options.signal), source.get(key, options)),
      head: (key, options) => (note(options.signal), source.head(key, options)),
    };
    return { provider: timeout(inner), signals };
  }

  it.each([
    ["a head", false, (provider: StorageProvider) => provider.head("a", {})],
    ["a get of bytes", false, (provider: StorageProvider) => provider.get("a", {})],
    [
      "a get of a stream that was read",
      true,
      async (provider: StorageProvider) => {
        const stream = (await provider.get("a", {})).body as Readable;
        await readAll(stream);
        await until(() => stream.closed);
      },
    ],
    ["a head that failed", false, (provider: StorageProvider) => rejection(provider.head("b", {}))],
    ["a get that failed", false, (provider: StorageProvider) => rejection(provider.get("b", {}))],
  ])("of %s is let go of: closing does not abort it", async (_, asStream, call) => {
    const { provider, signals } = await noting(asStream);
    await call(provider);
    await provider.close?.();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it("of an object that is still being read is aborted by closing", async () => {
    const { provider, signals } = await noting(true);
    const { body: stream } = await provider.get("a", {});
    await provider.close?.();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    (stream as Readable).destroy();
  });

  it("is never that of a call before that was aborted", async () => {
    const { provider, signals } = await noting(false);
    const controller = new AbortController();
    const aborted = provider.head("a", { signal: controller.signal });
    controller.abort();
    await aborted.catch(() => {});
    await provider.head("a", {});
    expect(signals[1]).not.toBe(signals[0]);
    expect(signals[1]?.aborted).toBe(false);
  });

  it("of two calls at once is not the same", async () => {
    const { provider, signals } = await noting(false);
    await Promise.all([provider.head("a", {}), provider.head("a", {})]);
    expect(signals[0]).not.toBe(signals[1]);
  });
});

describe("a provider that was closed", () => {
  it("aborts what runs and begins nothing more", async () => {
    const { provider, member } = limited(waiting("head"), {});
    const head = rejection(provider.head("a", {}));
    await until(() => member.calls.length === 1);
    await provider.close?.();
    expect(await head).toMatchObject({ code: "Unavailable", retryable: false });
    expect(await rejection(provider.get("a", {}))).toMatchObject({
      code: "Unavailable",
      retryable: false,
      applied: "no",
    });
    expect(member.calls).toHaveLength(1);
  });
});

describe("options", () => {
  it.each([
    { firstByteMs: -1 },
    { idleMs: 1.5 },
    { controlMs: Number.NaN },
    { copyMs: Number.POSITIVE_INFINITY },
    { idleMs: "5" },
  ])("out of their range are a TypeError: %j", (options) => {
    expect(() => timeout(testMember("disk").provider, options as TimeoutOptions)).toThrow(TypeError);
  });

  it("may be longer than a timer of Node can wait", async () => {
    const { provider } = limited(waiting(), { controlMs: 2 ** 40 });
    const controller = new AbortController();
    const failed = rejection(provider.head("a", { signal: controller.signal }));
    setTimeout(() => controller.abort("stop"), 20);
    expect(await failed).toBe("stop");
  });
});
