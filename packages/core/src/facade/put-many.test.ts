import { fromFile } from "../body/file-body.js";
import { describe, expect, it } from "vitest";
import { createStorage } from "./create-storage.js";
import { memory } from "../memory/memory.js";
import type { PutManyItem, PutManyResult } from "./storage-options.js";
import { failing, testMember, waiting } from "../testing/member.test-support.js";
import { rejection, streamOf } from "../testing/streams.test-support.js";

const items = (count: number): PutManyItem[] =>
  Array.from({ length: count }, (_, index) => ({ key: `k${index}`, body: `body ${index}` }));

describe("putMany", () => {
  it("puts every item, with a result for each in their order", async () => {
    const storage = createStorage(memory());
    const results = await storage.putMany(items(20), { concurrency: 7 });
    expect(results.map(({ key }) => key)).toEqual(items(20).map(({ key }) => key));
    expect(results.every(({ info }) => info !== undefined)).toBe(true);
    expect(await (await storage.get("k19")).text()).toBe("body 19");
  });

  it("takes items from an async iterable, with options of their own", async () => {
    const storage = createStorage(memory());
    const source = (async function* () {
      yield { key: "a", body: streamOf(Buffer.from("abc")), contentType: "x/y" };
      yield { key: "b", body: "x", metadata: { m: "1" } };
    })();
    const results = await storage.putMany(source);
    expect(results).toMatchObject([{ info: { contentType: "x/y" } }, { info: { metadata: { m: "1" } } }]);
  });

  it.each([1, 3])("runs %d puts at once, and no more", async (concurrency) => {
    let running = 0;
    let most = 0;
    const { provider } = testMember("disk", {
      fault: async (_, next) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return await next();
      },
    });
    await createStorage(provider).putMany(items(12), { concurrency });
    expect(most).toBe(concurrency);
  });

  it("runs four at once when nothing else is said", async () => {
    const { provider, calls } = testMember("disk", { fault: waiting() });
    const controller = new AbortController();
    const failed = rejection(createStorage(provider).putMany(items(10), { signal: controller.signal }));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toHaveLength(4);
    controller.abort();
    await failed;
  });

  it("never rejects for an item", async () => {
    const storage = createStorage(memory());
    const results = await storage.putMany([
      { key: "a", body: "x" },
      { key: "a//b", body: "x" },
      { key: "c", body: 5 as never },
      { key: "d", body: fromFile("/nowhere/at/all") },
      { key: "e", body: "x", ifMatch: '"no"' },
      { key: "f", body: "x" },
    ]);
    expect(results).toMatchObject([
      { key: "a", info: { size: 1 } },
      { key: "a//b", error: { code: "InvalidKey" } },
      { key: "c", error: { name: "TypeError" } },
      { key: "d", error: { code: "SourceError" } },
      { key: "e", error: { code: "PreconditionFailed" } },
      { key: "f", info: { size: 1 } },
    ]);
  });

  it("goes on when the provider is down, with an error for each", async () => {
    const { provider } = testMember("disk", { fault: failing("Unavailable") });
    const results = await createStorage(provider, { retry: { baseMs: 0 } }).putMany(items(5));
    expect(results.map(({ error }) => (error as { code: string }).code)).toEqual(
      Array.from({ length: 5 }, () => "Unavailable"),
    );
  });

  it("tells of each result as it comes", async () => {
    const seen: PutManyResult[] = [];
    const results = await createStorage(memory()).putMany(items(5), {
      onResult: (result) => void seen.push(result),
    });
    expect(new Set(seen)).toEqual(new Set(results));
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("rejects with the reason of an abort: %s", async (_, reason) => {
    const { provider } = testMember("disk", { fault: waiting() });
    const controller = new AbortController();
    const failed = rejection(
      createStorage(provider).putMany(items(10), { signal: controller.signal, concurrency: 2 }),
    );
    setTimeout(() => controller.abort(reason), 5);
    expect(await failed).toBe(reason);
  });

  it("rejects when the items themselves fail", async () => {
    const boom = new Error("boom");
    const source = (async function* () {
      yield { key: "a", body: "x" };
      throw boom;
    })();
    expect(await rejection(createStorage(memory()).putMany(source))).toBe(boom);
  });

  it.each([0, 1.5, -1, Number.NaN, "2"])(
    "takes a whole number above zero as concurrency, not %s",
    async (concurrency) => {
      const call = createStorage(memory()).putMany(items(1), { concurrency: concurrency as number });
      expect(await rejection(call)).toBeInstanceOf(TypeError);
    },
  );

  it("of nothing gives nothing", async () => {
    expect(await createStorage(memory()).putMany([])).toEqual([]);
  });
});
