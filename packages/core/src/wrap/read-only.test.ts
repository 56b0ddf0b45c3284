import { describe, expect, it } from "vitest";
import { toBody } from "../body/body.js";
import { createStorage } from "../facade/create-storage.js";
import { memory } from "../memory/memory.js";
import { rejection } from "../testing/streams.test-support.js";
import { expiring } from "./expiring.js";
import { readOnly } from "./read-only.js";

const body = await toBody("abc");

describe("a read-only provider", () => {
  it("passes reads", async () => {
    const inner = memory();
    await inner.put("a", body, {});
    const provider = readOnly(inner);
    expect((await provider.head("a", {})).size).toBe(3);
    expect((await provider.list({})).objects).toHaveLength(1);
    expect(provider.locate(inner.ref("a"))?.key).toBe("a");
    expect((await provider.get("a", {})).info.key).toBe("a");
  });

  it("refuses writes with Unsupported, and nothing is written", async () => {
    const inner = memory();
    await inner.put("a", body, {});
    const storage = createStorage(readOnly(inner));
    const calls = [
      storage.put("b", "x"),
      storage.put("a", "x"),
      storage.delete("a"),
      storage.copy("a", "b"),
      storage.move("a", "b"),
    ];
    for (const call of calls)
      expect(await rejection(call)).toMatchObject({ code: "Unsupported", applied: "no", provider: "memory" });
    expect((await storage.deleteMany(["a"])).errors).toHaveLength(1);
    expect((await inner.list({})).objects.map(({ key, size }) => [key, size])).toEqual([["a", 3]]);
  });

  it("lets nothing expire, and repairs nothing", async () => {
    const inner = memory();
    await inner.put("a", body, {});
    const rules = [{ prefix: "", expireAfterDays: 1e-9 }];
    const storage = createStorage(readOnly(expiring(inner, rules)));
    await storage.startRepair().idle();
    expect(await storage.exists("a")).toBe(true);
    await storage.close();
  });

  it("has no member that writes", () => {
    const { copy, deleteMany, importFrom, multipart, signUpload } = readOnly(memory());
    expect([copy, deleteMany, importFrom, multipart, signUpload]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
