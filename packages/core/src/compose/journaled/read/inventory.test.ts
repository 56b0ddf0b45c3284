import { describe, expect, it } from "vitest";
import { createStorage } from "../../../facade/create-storage.js";
import { memoryJournal } from "../../../memory/memory-journal.js";
import type { FileStorage } from "../../../facade/storage.js";
import { contents, place } from "../../../testing/chain.test-support.js";
import { down, testMember, type TestMember } from "../../../testing/member.test-support.js";
import { rejection } from "../../../testing/streams.test-support.js";
import { mirror } from "../../mirror.js";

interface World {
  readonly first: TestMember;
  readonly second: TestMember;
  readonly storage: FileStorage;
}

function world(): World {
  const [first, second] = [testMember("first"), testMember("second")];
  const options = { graceMs: 0, settleMs: 0, retry: false, journal: memoryJournal() } as const;
  return { first, second, storage: createStorage(mirror([first.provider, second.provider], options)) };
}

const keysOf = async (storage: FileStorage): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const { key } of storage.list()) keys.push(key);
  return keys;
};

describe("a mirror over members that held objects before", () => {
  it("finds what only one of them has, and lists it", async () => {
    const { first, second, storage } = world();
    await place(first, "a", "1");
    await place(second, "b", "2");
    expect(await (await storage.get("b")).text()).toBe("2");
    expect(await keysOf(storage)).toEqual(["a", "b"]);
  });

  it("says NotFound only when all have answered so", async () => {
    const { second, storage } = world();
    second.fault = down;
    expect(await rejection(storage.get("b"))).toMatchObject({ code: "Unavailable" });
    second.fault = undefined;
    expect(await rejection(storage.get("b"))).toMatchObject({ code: "NotFound" });
  });

  it("has everything on all of them after repair, and then one answer is enough", async () => {
    const { first, second, storage } = world();
    for (let index = 0; index < 300; index++)
      await place(index % 2 === 0 ? first : second, `k${index}`, `${index}`);
    await place(first, "both", "the first wins");
    await place(second, "both", "as reads have it");
    await storage.startRepair().idle();
    expect(await contents(second)).toEqual(await contents(first));
    expect(Object.keys(await contents(first))).toHaveLength(301);
    expect(await (await storage.get("both")).text()).toBe("the first wins");
    second.fault = down;
    expect(await rejection(storage.get("nothing"))).toMatchObject({ code: "NotFound" });
    expect(await keysOf(storage)).toHaveLength(301);
    await storage.close();
  });

  it("goes on comparing when a member is back", async () => {
    const { first, second, storage } = world();
    await place(first, "a", "1");
    second.fault = down;
    const repair = storage.startRepair({ pollMs: 5 });
    await storage.health();
    expect(await rejection(storage.get("b"))).toMatchObject({ code: "Unavailable" });
    second.fault = undefined;
    while ((await contents(second))["a"] === undefined)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await repair.idle();
    expect(await contents(second)).toEqual({ a: "1" });
    await storage.close();
  });
});
