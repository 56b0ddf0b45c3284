import { describe, expect, it } from "vitest";
import type { StorageErrorCode } from "../../contract/errors.js";
import { contents, place, testChain } from "../../testing/chain.test-support.js";
import { down, failing } from "../../testing/member.test-support.js";
import { rejection } from "../../testing/streams.test-support.js";

describe("a copy through a chain", () => {
  it("is made inside the member that holds the object, where a new one would go", async () => {
    const { storage, first } = testChain();
    await storage.put("a", "abc", { contentType: "x/y", metadata: { m: "1" } });
    expect(await storage.copy("a", "b")).toMatchObject({
      key: "b",
      provider: "first",
      contentType: "x/y",
      metadata: { m: "1" },
    });
    expect(first.calls).toContain("copy b");
    expect(await contents(first)).toEqual({ a: "abc", b: "abc" });
  });

  it("goes to the first member that works when a later one holds the object", async () => {
    const { storage, first, second } = testChain();
    await place(second, "a", "abc");
    expect(await storage.copy("a", "b")).toMatchObject({ provider: "first" });
    expect([await contents(first), await contents(second)]).toEqual([{ b: "abc" }, { a: "abc" }]);
  });

  it("of an object that is nowhere is NotFound", async () => {
    expect(await rejection(testChain().storage.copy("a", "b"))).toMatchObject({ code: "NotFound", key: "a" });
  });

  it("of an object that may be in a member that is down is Unavailable", async () => {
    const { storage, first } = testChain();
    first.fault = down;
    expect(await rejection(storage.copy("a", "b"))).toMatchObject({ code: "Unavailable" });
  });

  it("goes past a member that is down", async () => {
    const { storage, first, second } = testChain();
    await place(second, "a", "abc");
    first.fault = down;
    expect(await storage.copy("a", "b")).toMatchObject({ provider: "second", unconfirmed: ["first"] });
    expect(await contents(second)).toEqual({ a: "abc", b: "abc" });
  });

  it.each<StorageErrorCode>(["OutOfSpace", "TooLarge", "Unsupported", "RateLimited"])(
    "moves on when the first member cannot copy with %s",
    async (code) => {
      const { storage, first, second } = testChain();
      await place(first, "a", "abc");
      first.fault = failing(code, { applied: "no" }, "copy", "put");
      expect(await storage.copy("a", "b")).toMatchObject({ provider: "second" });
      expect(await contents(second)).toEqual({ b: "abc" });
    },
  );

  it.each<StorageErrorCode>(["PermissionDenied", "AlreadyExists", "Misconfigured"])(
    "ends when the first member cannot copy with %s",
    async (code) => {
      const { storage, first, second } = testChain();
      await place(first, "a", "abc");
      first.fault = failing(code, {}, "copy");
      expect(await rejection(storage.copy("a", "b"))).toMatchObject({ code });
      expect(await contents(second)).toEqual({});
    },
  );

  it("ends when the outcome of the first member's copy is unknown, and says so", async () => {
    const { storage, first, second } = testChain();
    await place(first, "a", "abc");
    first.fault = failing("Unavailable", { applied: "unknown" }, "copy");
    expect(await rejection(storage.copy("a", "b"))).toMatchObject({ applied: "unknown" });
    expect(await contents(second)).toEqual({});
  });

  it.each(["first", "second"] as const)(
    "onto a key that exists in the %s member is AlreadyExists",
    async (where) => {
      const chain = testChain();
      await place(chain.first, "a", "abc");
      await place(chain[where], "b", "old");
      expect(await rejection(chain.storage.copy("a", "b"))).toMatchObject({
        code: "AlreadyExists",
        provider: where,
      });
      expect(await contents(chain[where])).toMatchObject({ b: "old" });
    },
  );

  it("onto a key that exists replaces it where that is allowed, and clears older copies", async () => {
    const { storage, first, second } = testChain({ overwrites: "may-be-stale" });
    await place(first, "a", "abc");
    await place(second, "b", "old");
    expect(await storage.copy("a", "b")).toMatchObject({ provider: "first" });
    expect([await contents(first), await contents(second)]).toEqual([{ a: "abc", b: "abc" }, {}]);
  });

  it("onto itself is AlreadyExists, or changes nothing where overwriting is allowed", async () => {
    const refusing = testChain();
    await place(refusing.second, "a", "abc");
    expect(await rejection(refusing.storage.copy("a", "a"))).toMatchObject({
      code: "AlreadyExists",
      provider: "second",
    });
    const { storage, first, second } = testChain({ overwrites: "may-be-stale" });
    await place(second, "a", "abc");
    await storage.copy("a", "a");
    expect({ ...(await contents(first)), ...(await contents(second)) }).toEqual({ a: "abc" });
    expect(await (await storage.get("a")).text()).toBe("abc");
  });

  it("that is create-only fails where the key exists", async () => {
    const { storage, first, third } = testChain({ overwrites: "may-be-stale" });
    await place(first, "a", "abc");
    await place(third, "b", "old");
    expect(await rejection(storage.copy("a", "b", { ifNoneMatch: "*" }))).toMatchObject({
      code: "AlreadyExists",
    });
  });
});

describe("a move through a chain", () => {
  it("leaves the object under its new key only", async () => {
    const { storage, first, second } = testChain();
    await place(second, "a", "abc");
    await storage.move("a", "b");
    expect([await contents(first), await contents(second)]).toEqual([{ b: "abc" }, {}]);
  });

  it("says that both are there when a member does not confirm the delete", async () => {
    const { storage, first, second } = testChain();
    await place(first, "a", "abc");
    second.fault = down;
    expect(await rejection(storage.move("a", "b"))).toMatchObject({
      code: "Unavailable",
      operation: "move",
      applied: "yes",
    });
    expect(await contents(first)).toEqual({ a: "abc", b: "abc" });
  });
});
