import { describe, expect, it } from "vitest";
import { createStorage } from "../../facade/create-storage.js";
import { testMember } from "../../testing/member.test-support.js";
import { fallback } from "../fallback.js";
import { mirror } from "../mirror.js";

const OPTIONS = { memoryBytes: 64 * 1024, retry: false } as const;

async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
  yield new Uint8Array(1024);
}

describe("a put of a stream that waits for memory", () => {
  it.each([
    ["a mirror", mirror],
    ["a chain", fallback],
  ])("asks no member of %s before it has the memory", async (_, compose) => {
    const [first, second] = [testMember("first"), testMember("second")];
    const storage = createStorage(compose([first.provider, second.provider], OPTIONS));
    let goOn: () => void = () => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    let reached: () => void = () => {};
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    first.fault = async (call, next) => {
      if (call.operation === "put") {
        reached();
        await held;
      }
      return await next();
    };
    const one = storage.put("one", source());
    await isReached;
    const two = storage.put("two", source());
    await storage.exists("another");
    expect(first.calls.filter((call) => call.endsWith(" two"))).toEqual([]);
    goOn();
    await Promise.all([one, two]);
    expect(first.calls).toContain("put two");
  });
});
