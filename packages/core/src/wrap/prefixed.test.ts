import { describe, expect, it } from "vitest";
import { toBody } from "../body/body.js";
import { createStorage } from "../facade/create-storage.js";
import { memory } from "../memory/memory.js";
import type { StorageProvider } from "../contract/provider.js";
import { failing, testMember } from "../testing/member.test-support.js";
import { rejection } from "../testing/streams.test-support.js";
import { prefixed } from "./prefixed.js";
import { retry } from "./retry.js";

const body = await toBody("abc");

async function tenants(): Promise<{ inner: StorageProvider; seven: StorageProvider }> {
  const inner = memory();
  for (const key of ["tenants/7/a", "tenants/7/b/c", "tenants/70/a", "tenants/8/a", "other"])
    await inner.put(key, body, {});
  return { inner, seven: prefixed(inner, "tenants/7/") };
}

describe("a prefixed provider", () => {
  it("keeps every key under the prefix", async () => {
    const { inner, seven } = await tenants();
    expect(await seven.put("x", body, {})).toMatchObject({ key: "x", ref: inner.ref("tenants/7/x") });
    expect((await inner.head("tenants/7/x", {})).key).toBe("tenants/7/x");
  });

  it("shows keys without the prefix everywhere", async () => {
    const { seven } = await tenants();
    expect((await seven.head("a", {})).key).toBe("a");
    expect((await seven.get("a", {})).info.key).toBe("a");
    expect((await seven.copy?.("a", "z", {}))?.key).toBe("z");
  });

  it("lists its own keys only, without the prefix", async () => {
    const { seven } = await tenants();
    const page = await seven.list({});
    expect(page.objects.map(({ key }) => key)).toEqual(["a", "b/c"]);
  });

  it("lists prefixes below its own", async () => {
    const { seven } = await tenants();
    expect(await seven.list({ delimiter: "/" })).toMatchObject({ objects: [{ key: "a" }], prefixes: ["b/"] });
    expect((await seven.list({ prefix: "b/" })).objects.map(({ key }) => key)).toEqual(["b/c"]);
  });

  it("goes on where a page ended", async () => {
    const { seven } = await tenants();
    const { cursor } = await seven.list({ limit: 1 });
    expect((await seven.list({ limit: 1, cursor })).objects.map(({ key }) => key)).toEqual(["b/c"]);
  });

  it("deletes its own keys only", async () => {
    const { inner, seven } = await tenants();
    await seven.delete("a", {});
    await seven.deleteMany?.(["b/c"], {});
    expect((await inner.list({})).objects.map(({ key }) => key)).toEqual([
      "other",
      "tenants/70/a",
      "tenants/8/a",
    ]);
  });

  it("cannot be left by any key", async () => {
    const { inner, seven } = await tenants();
    const storage = createStorage(seven);
    expect(await rejection(storage.get("../8/a"))).toMatchObject({ code: "InvalidKey" });
    expect(await rejection(storage.get("other"))).toMatchObject({ code: "NotFound" });
    expect((await inner.head("other", {})).size).toBe(3);
  });

  it("locates what lies under the prefix only", async () => {
    const { inner, seven } = await tenants();
    expect(seven.locate(inner.ref("tenants/7/a"))).toMatchObject({ key: "a", ref: inner.ref("tenants/7/a") });
    expect(seven.locate(inner.ref("tenants/70/a"))).toBeUndefined();
    expect(seven.locate(inner.ref("other"))).toBeUndefined();
  });

  it("takes shorter keys by as much as the prefix is long", async () => {
    const storage = createStorage(prefixed(memory(), "é/"));
    expect((await storage.put("k".repeat(1021), "x")).size).toBe(1);
    expect(await rejection(storage.put("k".repeat(1022), "x"))).toMatchObject({
      code: "Unsupported",
      applied: "no",
    });
  });

  it("names the caller's key in its errors", async () => {
    const { seven } = await tenants();
    const error = await rejection(seven.get("nothing", {}));
    expect(error).toMatchObject({ code: "NotFound", key: "nothing" });
    expect((error as Error).message).not.toContain("tenants/7");
  });

  it("names the caller's key in the errors of the tries below it", async () => {
    const { provider } = testMember("disk", { fault: failing("Unavailable") });
    const error = await rejection(prefixed(retry(provider, { baseMs: 0 }), "p/").put("a", body, {}));
    expect(error).toMatchObject({
      code: "Unavailable",
      key: "a",
      retryable: false,
      attempts: expect.any(Array) as unknown,
    });
  });

  it("may lie within another", async () => {
    const inner = memory();
    const nested = prefixed(prefixed(inner, "a/"), "b/");
    await nested.put("c", body, {});
    expect((await inner.list({})).objects.map(({ key }) => key)).toEqual(["a/b/c"]);
    expect((await nested.list({})).objects.map(({ key }) => key)).toEqual(["c"]);
    expect(nested.locate(inner.ref("a/b/c"))?.key).toBe("c");
  });

  it.each(["", "a", "/", "/a/", "a//", "../", "a/../b/", "a\\/", "\ud800/"])(
    "is refused for a prefix that is no folder: %j",
    (prefix) => {
      expect(() => prefixed(memory(), prefix)).toThrow(expect.objectContaining({ code: "InvalidKey" }));
    },
  );
});
