import { describe, expect, it } from "vitest";
import type { ObjectInfo } from "../../contract/object.js";
import { contents, testChain, type TestChain } from "../../testing/chain.test-support.js";
import { down } from "../../testing/member.test-support.js";
import { rejection } from "../../testing/streams.test-support.js";

interface Story extends TestChain {
  /** What the put gave that came while the first member was down. */
  readonly during: ObjectInfo;
}

type Overwrites = "refuse" | "may-be-stale";

/** "old" is put; the first member goes down; "new" is put under the same key. */
async function whileDown(overwrites: Overwrites): Promise<Story> {
  const chain = testChain({ overwrites });
  await chain.storage.put("k", "old");
  chain.first.fault = down;
  return { ...chain, during: await chain.storage.put("k", "new") };
}

/** And the first member returns. */
async function afterwards(overwrites: Overwrites): Promise<Story> {
  const story = await whileDown(overwrites);
  story.first.fault = undefined;
  story.events.length = 0;
  return story;
}

const textOf = async ({ storage }: Story, key = "k"): Promise<string> =>
  await (await storage.get(key)).text();

describe.each<Overwrites>(["refuse", "may-be-stale"])(
  "put on an existing key while the first member is down, which then returns, with overwrites: %s",
  (overwrites) => {
    it("put goes to the next member, and names the first in unconfirmed: it could not be asked", async () => {
      const { during, second, first, events } = await whileDown(overwrites);
      expect(during).toMatchObject({
        provider: "second",
        ref: second.provider.ref("k"),
        unconfirmed: ["first"],
      });
      expect([await contents(first), await contents(second)]).toEqual([{ k: "old" }, { k: "new" }]);
      expect(events).toContainEqual({ type: "unconfirmed", key: "k", providers: ["first"] });
    });

    it("get and head while it is down give the new object", async () => {
      const story = await whileDown(overwrites);
      expect(await textOf(story)).toBe("new");
      expect(await story.storage.head("k")).toMatchObject({ provider: "second", size: 3 });
    });

    it("list and delete while it is down are Unavailable", async () => {
      const { storage } = await whileDown(overwrites);
      expect(await rejection(storage.listPage())).toMatchObject({ code: "Unavailable", provider: "first" });
      expect(await rejection(storage.delete("k"))).toMatchObject({
        code: "Unavailable",
        provider: "first",
        applied: "unknown",
      });
    });

    it("get and head after it is back give its older object, unflagged: unconfirmed had said so", async () => {
      const story = await afterwards(overwrites);
      expect(await textOf(story)).toBe("old");
      const info = await story.storage.head("k");
      expect(info).toMatchObject({ provider: "first" });
      expect(info.mayBeStale).toBeUndefined();
    });

    it("the ref of the new object reads the new object, before and after", async () => {
      for (const story of [await whileDown(overwrites), await afterwards(overwrites)]) {
        const at = story.storage.at(story.during.ref);
        expect(await (await at.get()).text()).toBe("new");
        expect(await at.head()).toMatchObject({ provider: "second", etag: story.during.etag });
      }
    });

    it("list after it is back has the key once, as get gives it", async () => {
      const { storage } = await afterwards(overwrites);
      const { objects } = await storage.listPage();
      expect(objects.map(({ key, provider }) => [key, provider])).toEqual([["k", "first"]]);
    });

    it("delete after it is back deletes both copies, and the key is gone", async () => {
      const { storage, first, second } = await afterwards(overwrites);
      await storage.delete("k");
      expect([await contents(first), await contents(second)]).toEqual([{}, {}]);
      expect(await rejection(storage.get("k"))).toMatchObject({ code: "NotFound" });
      expect(await storage.exists("k")).toBe(false);
      expect((await storage.listPage()).objects).toEqual([]);
    });

    it("a delete that failed while it was down can be repeated, and then the key is gone", async () => {
      const story = await whileDown(overwrites);
      await rejection(story.storage.delete("k"));
      story.first.fault = undefined;
      await story.storage.delete("k");
      expect(await story.storage.exists("k")).toBe(false);
    });
  },
);

describe("put on an existing key while the first member is down, which then returns, with overwrites: refuse", () => {
  it("put while all members answer is AlreadyExists, and changes nothing", async () => {
    const { storage, first } = testChain();
    await storage.put("k", "old");
    expect(await rejection(storage.put("k", "new"))).toMatchObject({ code: "AlreadyExists", applied: "no" });
    expect(await contents(first)).toEqual({ k: "old" });
  });

  it("put while it is down, of a key that another member is seen to hold, is AlreadyExists", async () => {
    const story = await whileDown("refuse");
    expect(await rejection(story.storage.put("k", "newer"))).toMatchObject({
      code: "AlreadyExists",
      provider: "second",
    });
    expect(await contents(story.second)).toEqual({ k: "new" });
  });

  it("put after it is back is AlreadyExists, with the two cures, and changes nothing", async () => {
    const { storage, first, second } = await afterwards("refuse");
    const error = (await rejection(storage.put("k", "newest"))) as Error;
    expect(error).toMatchObject({ code: "AlreadyExists", applied: "no", provider: "first" });
    expect(error.message).toMatch(/journal.*may-be-stale/);
    expect([await contents(first), await contents(second)]).toEqual([{ k: "old" }, { k: "new" }]);
  });

  it("get and head while it is down are not flagged: keys are written once", async () => {
    const { storage } = await whileDown("refuse");
    expect((await storage.head("k")).mayBeStale).toBeUndefined();
    expect((await storage.get("k")).info.mayBeStale).toBeUndefined();
  });

  it("the chain says all this of itself", () => {
    const { limits } = testChain().storage.describe();
    expect(limits?.join("\n")).toMatch(/down can be written again elsewhere: see info\.unconfirmed/);
  });
});

describe("put on an existing key while the first member is down, which then returns, with overwrites: may-be-stale", () => {
  it("get and head while it is down have mayBeStale", async () => {
    const { storage } = await whileDown("may-be-stale");
    expect((await storage.head("k")).mayBeStale).toBe(true);
    expect((await storage.get("k")).info.mayBeStale).toBe(true);
  });

  it("put while it is down, again, replaces the object where it is", async () => {
    const story = await whileDown("may-be-stale");
    expect(await story.storage.put("k", "newer")).toMatchObject({
      provider: "second",
      unconfirmed: ["first"],
    });
    expect(await textOf(story)).toBe("newer");
  });

  it("put after it is back goes to it, clears the other copy, and nothing is unconfirmed", async () => {
    const story = await afterwards("may-be-stale");
    const info = await story.storage.put("k", "newest");
    expect(info).toMatchObject({ provider: "first" });
    expect(info.unconfirmed).toBeUndefined();
    expect([await contents(story.first), await contents(story.second)]).toEqual([{ k: "newest" }, {}]);
    expect(await textOf(story)).toBe("newest");
    expect(story.events.map(({ type }) => type)).toEqual(["operation", "operation", "read"]);
  });

  it("the chain says all this of itself", () => {
    const { limits } = testChain({ overwrites: "may-be-stale" }).storage.describe();
    expect(limits?.join("\n")).toMatch(/older copy: see info\.unconfirmed and info\.mayBeStale/);
  });
});
