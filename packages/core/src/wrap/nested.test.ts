import { describe, expect, it } from "vitest";
import { fallback } from "../compose/fallback.js";
import { createStorage } from "../facade/create-storage.js";
import { memory } from "../memory/memory.js";
import type { StorageProvider } from "../contract/provider.js";
import { failing, failingAtFirst, testMember } from "../testing/member.test-support.js";
import { patterned, rejection, streamOf, streaming } from "../testing/streams.test-support.js";
import { limit } from "./limit.js";
import { prefixed } from "./prefixed.js";
import { readOnly } from "./read-only.js";
import { retry } from "./retry.js";
import { timeout } from "./timeout.js";

const bytes = patterned(300_000);

const stacks: readonly (readonly [string, (inner: StorageProvider) => StorageProvider])[] = [
  [
    "prefixed(limit(retry(timeout)))",
    (inner) => prefixed(limit(retry(timeout(inner)), { concurrency: 2 }), "p/"),
  ],
  [
    "retry(timeout(prefixed(limit)))",
    (inner) => retry(timeout(prefixed(limit(inner, { concurrency: 2 }), "p/"))),
  ],
  ["prefixed(prefixed(retry(retry)))", (inner) => prefixed(prefixed(retry(retry(inner)), "p/"), "q/")],
  [
    "a chain of wrappers of a chain",
    (inner) => fallback([prefixed(fallback([inner], { name: "inner" }), "p/")]),
  ],
  ["a chain behind a read-only member", (inner) => fallback([readOnly(memory({ name: "old" })), inner])],
];

describe.each(stacks)("%s", (_, stack) => {
  it.each([
    ["bytes", (inner: StorageProvider) => inner],
    ["streams", (inner: StorageProvider) => streaming(inner, (all) => streamOf(all))],
  ])("is a provider like any other, of %s", async (_name, kind) => {
    const storage = createStorage(stack(kind(memory())));
    const info = await storage.put("a/b.txt", streamOf(bytes), { metadata: { m: "1" } });
    expect(info).toMatchObject({
      key: "a/b.txt",
      provider: "memory",
      contentType: "text/plain",
    });
    expect(bytes.equals(await (await storage.get("a/b.txt")).bytes())).toBe(true);
    expect(await (await storage.get("a/b.txt", { range: { suffix: 1 } })).bytes()).toHaveLength(1);
    expect((await storage.listPage({ delimiter: "/" })).prefixes).toEqual(["a/"]);
    expect(await (await storage.at(info.ref).get()).bytes()).toHaveLength(bytes.byteLength);
    await storage.copy("a/b.txt", "c");
    await storage.delete("a/b.txt");
    expect((await storage.listPage()).objects.map(({ key }) => key)).toEqual(["c"]);
    expect(await rejection(storage.get("a/b.txt"))).toMatchObject({ code: "NotFound", key: "a/b.txt" });
    await storage.close();
  });

  it("rejects with the reason of an abort, unchanged", async () => {
    const storage = createStorage(stack(memory()));
    expect(await rejection(storage.put("a", bytes, { signal: AbortSignal.abort("stop") }))).toBe("stop");
  });
});

describe("retries in several layers", () => {
  it("are one layer: who gives up says so to those above", async () => {
    const { provider, calls } = testMember("disk", { fault: failing("Unavailable") });
    const twice = retry(prefixed(retry(timeout(provider), { attempts: 2, baseMs: 0 }), "p/"), {
      attempts: 5,
      baseMs: 0,
    });
    const error = await rejection(createStorage(twice).head("a"));
    expect(error).toMatchObject({ code: "Unavailable", retryable: false, key: "a" });
    expect(calls).toHaveLength(2);
  });

  it("around a limit wait for their place each time", async () => {
    const { provider, calls } = testMember("disk", { fault: failingAtFirst(2, failing("Unavailable")) });
    const storage = createStorage(retry(limit(provider, { concurrency: 1 }), { baseMs: 0 }));
    await Promise.all(["a", "b", "c"].map((key) => storage.put(key, "x")));
    expect(calls).toHaveLength(5);
  });
});
