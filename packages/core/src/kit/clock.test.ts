import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createController, onAbort } from "./clock.js";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the clock", () => {
  it("is Node's own, whatever stands under the global names", async () => {
    vi.resetModules();
    const { clock } = await import("./clock.js");
    vi.useFakeTimers();
    const before = clock.now();
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, 5));
    await new Promise<void>((resolve) => void clock.setImmediate(resolve));
    expect(clock.now()).toBeGreaterThan(before);
    expect(clock.setTimeout(() => {}, 0).unref).toBeTypeOf("function");
  });
});

describe("a controller", () => {
  it("is Node's own class where the global one is another", async () => {
    vi.stubGlobal("AbortController", Object);
    const { signal } = createController();
    expect(signal.aborted).toBe(false);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("a signal that many listen to", () => {
  it("has one listener, and none when all have left", () => {
    const { signal } = new AbortController();
    const unlinks = Array.from({ length: 50 }, () => onAbort(signal, () => {}));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    for (const unlink of unlinks) unlink();
    expect(getEventListeners(signal, "abort")).toEqual([]);
    const unlink = onAbort(signal, () => {});
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    unlink();
    unlink();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("tells each once, also one that leaves while others are told", () => {
    const controller = new AbortController();
    const told: number[] = [];
    const listener = (): void => void told.push(0);
    onAbort(controller.signal, listener);
    onAbort(controller.signal, listener);
    const unlink = onAbort(controller.signal, () => unlink());
    onAbort(controller.signal, () => void told.push(1))();
    controller.abort();
    expect(told).toEqual([0, 0]);
  });

  it("may be of another make", () => {
    const listeners = new Set<() => void>();
    const signal = {
      aborted: false,
      addEventListener: (_type: string, listener: () => void) => listeners.add(listener),
      removeEventListener: (_type: string, listener: () => void) => listeners.delete(listener),
    };
    const unlink = onAbort(signal as never, () => {});
    expect(listeners.size).toBe(1);
    unlink();
    expect(listeners.size).toBe(0);
  });
});

describe("a retry under timers that a test has faked", () => {
  it("goes on by itself", async () => {
    vi.resetModules();
    const { createStorage } = await import("../facade/create-storage.js");
    const { memory } = await import("../memory/memory.js");
    const { StorageError } = await import("../contract/errors.js");
    vi.useFakeTimers();
    const inner = memory();
    let heads = 0;
    const head: typeof inner.head = async (key, options) => {
      if (++heads > 1) return await inner.head(key, options);
      throw new StorageError("Unavailable", "not now", { operation: "head", provider: inner.name });
    };
    const storage = createStorage({ ...inner, head }, { retry: { baseMs: 2 } });
    await storage.put("a", "abc");
    expect((await storage.head("a")).size).toBe(3);
    expect(heads).toBe(2);
  });
});
