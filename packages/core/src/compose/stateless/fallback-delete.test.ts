import { describe, expect, it } from "vitest";
import { createStorage } from "../../facade/create-storage.js";
import { ERROR_CODES, type StorageError, type StorageErrorCode } from "../../contract/errors.js";
import { contents, place, testChain, type TestChain } from "../../testing/chain.test-support.js";
import {
  down,
  failing,
  failingAtFirst,
  losingAnswers,
  testMember,
  waiting,
} from "../../testing/member.test-support.js";
import { rejection } from "../../testing/streams.test-support.js";
import { readOnly } from "../../wrap/read-only.js";
import { fallback } from "../fallback.js";

const MOVES_ON: readonly StorageErrorCode[] = [
  "TooLarge",
  "OutOfSpace",
  "RateLimited",
  "Unavailable",
  "Timeout",
  "Integrity",
  "PartialWrite",
  "Unknown",
];
const STAYS = (Object.keys(ERROR_CODES) as StorageErrorCode[]).filter(
  (code) => !MOVES_ON.includes(code) && code !== "NotFound" && code !== "Unsupported",
);

const all = async ({ first, second, third }: TestChain): Promise<Record<string, string>[]> => [
  await contents(first),
  await contents(second),
  await contents(third),
];

async function everywhere(chain: TestChain): Promise<void> {
  for (const member of [chain.first, chain.second, chain.third])
    await place(member, "a", member.provider.name);
}

describe("a delete through a chain", () => {
  it("deletes the key from every member", async () => {
    const chain = testChain();
    await everywhere(chain);
    await chain.storage.delete("a");
    expect(await all(chain)).toEqual([{}, {}, {}]);
  });

  it("of a missing object is a success", async () => {
    const { storage } = testChain();
    await storage.delete("a");
    expect(await storage.exists("a")).toBe(false);
  });

  it("begins with the last member, so that no older copy comes to light", async () => {
    const order: string[] = [];
    const chain = testChain();
    for (const member of [chain.first, chain.second, chain.third]) {
      member.fault = (_, next) => (order.push(member.provider.name), next());
    }
    await chain.storage.delete("a");
    expect(order).toEqual(["third", "second", "first"]);
  });

  it.each(MOVES_ON)("is Unavailable when a member fails with %s", async (code) => {
    const chain = testChain();
    chain.second.fault = failing(code);
    const error = (await rejection(chain.storage.delete("a"))) as StorageError;
    expect(error).toMatchObject({
      code: "Unavailable",
      operation: "delete",
      provider: "second",
      key: "a",
      retryable: false,
      applied: "unknown",
    });
    expect(error.attempts?.map(({ provider, error: { code: each } }) => [provider, each])).toEqual([
      ["second", code],
    ]);
  });

  it.each(STAYS)("has the code of a member that fails with %s", async (code) => {
    const chain = testChain();
    chain.second.fault = failing(code);
    expect(await rejection(chain.storage.delete("a"))).toMatchObject({
      code,
      provider: "second",
      retryable: false,
    });
  });

  it("takes NotFound for a confirmation", async () => {
    const chain = testChain();
    await place(chain.first, "a", "abc");
    chain.second.fault = failing("NotFound", {}, "delete");
    await chain.storage.delete("a");
    expect(await all(chain)).toEqual([{}, {}, {}]);
  });

  it("leaves the copy that reads find first when a later member does not confirm", async () => {
    const chain = testChain();
    await everywhere(chain);
    chain.second.fault = down;
    await rejection(chain.storage.delete("a"));
    expect(await all(chain)).toEqual([{ a: "first" }, { a: "second" }, {}]);
    expect(await (await chain.storage.get("a")).text()).toBe("first");
  });

  it("changes nothing when the last member does not confirm, and says so", async () => {
    const chain = testChain();
    await everywhere(chain);
    chain.third.fault = down;
    expect(await rejection(chain.storage.delete("a"))).toMatchObject({ code: "Unavailable", applied: "no" });
    expect(await all(chain)).toEqual([{ a: "first" }, { a: "second" }, { a: "third" }]);
  });

  it("can be repeated when the member is back", async () => {
    const chain = testChain();
    await everywhere(chain);
    chain.first.fault = down;
    await rejection(chain.storage.delete("a"));
    chain.first.fault = undefined;
    await chain.storage.delete("a");
    expect(await all(chain)).toEqual([{}, {}, {}]);
  });

  it("is unknown when a member's answer was lost", async () => {
    const chain = testChain();
    chain.third.fault = losingAnswers("delete");
    expect(await rejection(chain.storage.delete("a"))).toMatchObject({
      code: "Unavailable",
      applied: "unknown",
    });
  });

  it("whose first try was lost is tried again by its member", async () => {
    const chain = testChain({ retry: { attempts: 2, baseMs: 0 } });
    await everywhere(chain);
    chain.third.fault = failingAtFirst(1, losingAnswers("delete"), "delete");
    await chain.storage.delete("a");
    expect(await all(chain)).toEqual([{}, {}, {}]);
  });

  it("tells of no fallback: it goes to every member or fails", async () => {
    const chain = testChain();
    chain.first.fault = down;
    await rejection(chain.storage.delete("a"));
    expect(chain.events.map(({ type }) => type)).toEqual(["operation"]);
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("rejects with the reason of an abort, and goes no further: %s", async (_, reason) => {
    const chain = testChain();
    await everywhere(chain);
    chain.second.fault = waiting();
    const controller = new AbortController();
    const failed = rejection(chain.storage.delete("a", { signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 5);
    expect(await failed).toBe(reason);
    expect(await contents(chain.first)).toEqual({ a: "first" });
  });
});

describe("a delete through a chain with a member that cannot delete", () => {
  it("succeeds when that member says that it does not hold the key", async () => {
    const [old, current] = [testMember("old"), testMember("current")];
    const storage = createStorage(fallback([readOnly(old.provider), current.provider]));
    await storage.put("a", "abc");
    await storage.delete("a");
    expect(await contents(current)).toEqual({});
  });

  it("succeeds when that member cannot hold the key at all", async () => {
    const chain = testChain();
    chain.first.fault = failing("Unsupported");
    await place(chain.second, "a", "abc");
    await chain.storage.delete("a");
    expect(await contents(chain.second)).toEqual({});
  });

  it("is Unsupported when that member holds the key", async () => {
    const [old, current] = [testMember("old"), testMember("current")];
    const storage = createStorage(fallback([readOnly(old.provider), current.provider]));
    await place(old, "a", "abc");
    expect(await rejection(storage.delete("a"))).toMatchObject({ code: "Unsupported", provider: "old" });
    expect(await contents(old)).toEqual({ a: "abc" });
  });

  it("is an error when that member does not say whether it holds the key", async () => {
    const chain = testChain();
    const unsupported = failing("Unsupported", {}, "delete");
    chain.first.fault = (call, next) =>
      call.operation === "head" ? down(call, next) : unsupported(call, next);
    expect(await rejection(chain.storage.delete("a"))).toMatchObject({ provider: "first" });
  });
});

describe("a conditional delete through a chain", () => {
  it("deletes the object of that ETag, and every other copy", async () => {
    const chain = testChain();
    await place(chain.second, "a", "abc");
    await place(chain.third, "a", "older");
    const { etag } = await chain.storage.head("a");
    await chain.storage.delete("a", { ifMatch: etag });
    expect(await all(chain)).toEqual([{}, {}, {}]);
  });

  it("is PreconditionFailed for another ETag, and deletes nothing", async () => {
    const chain = testChain();
    await everywhere(chain);
    expect(await rejection(chain.storage.delete("a", { ifMatch: '"no"' }))).toMatchObject({
      code: "PreconditionFailed",
      applied: "no",
      provider: "first",
    });
    expect(await all(chain)).toEqual([{ a: "first" }, { a: "second" }, { a: "third" }]);
  });

  it("of a missing object is a success", async () => {
    await testChain().storage.delete("a", { ifMatch: '"1"' });
    expect.assertions(0);
  });

  it("is Unavailable when it is not known what is there, and deletes nothing", async () => {
    const chain = testChain();
    await place(chain.third, "a", "abc");
    const { etag } = await chain.storage.head("a");
    chain.first.fault = down;
    expect(await rejection(chain.storage.delete("a", { ifMatch: etag }))).toMatchObject({
      code: "Unavailable",
      applied: "no",
      provider: "first",
    });
    expect(await contents(chain.third)).toEqual({ a: "abc" });
  });
});

describe("a deletePrefix through a chain", () => {
  it("deletes what lies under it in every member", async () => {
    const chain = testChain();
    await place(chain.first, "p/a", "1");
    await place(chain.second, "p/b", "2");
    await place(chain.third, "p/a", "3");
    await place(chain.third, "q", "4");
    expect(await chain.storage.deletePrefix("p/")).toEqual({ deleted: 2, errors: [] });
    expect(await all(chain)).toEqual([{}, {}, { q: "4" }]);
  });

  it("is Unavailable when a member cannot be listed", async () => {
    const chain = testChain();
    await place(chain.first, "p/a", "1");
    chain.second.fault = down;
    expect(await rejection(chain.storage.deletePrefix("p/"))).toMatchObject({ code: "Unavailable" });
    expect(await contents(chain.first)).toEqual({ "p/a": "1" });
  });
});
