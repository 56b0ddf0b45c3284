import { describe, expect, it } from "vitest";
import { createKeyLock } from "./key-lock.js";

describe("the lock of a key", () => {
  it("lets one work at a time, in order", async () => {
    const { run } = createKeyLock();
    const log: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
    };
    await Promise.all([run("a", work("1")), run("a", work("2")), run("a", work("3"))]);
    expect(log).toEqual(["1 begins", "1 ends", "2 begins", "2 ends", "3 begins", "3 ends"]);
  });

  it("does not hold up another key", async () => {
    const { run } = createKeyLock();
    const first = run("a", () => new Promise<void>(() => {}));
    await run("b", async () => {});
    expect(first).toBeInstanceOf(Promise);
  });

  it("is given on by a work that fails", async () => {
    const { run } = createKeyLock();
    const failing = run("a", async () => {
      throw new Error("failed");
    });
    const next = run("a", async () => "next");
    await expect(failing).rejects.toThrow("failed");
    expect(await next).toBe("next");
  });
});
