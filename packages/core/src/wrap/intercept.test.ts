import { describe, expect, it } from "vitest";
import { toBody } from "../body/body.js";
import { describeProvider, intercept, type Call, type Layer } from "./intercept.js";
import { memory } from "../memory/memory.js";
import { fullProvider } from "../testing/full-provider.test-support.js";
import type { StorageProvider } from "../contract/provider.js";

const body = await toBody("abc");

function counting(): { layer: Layer; calls: Call[] } {
  const calls: Call[] = [];
  return { calls, layer: { type: "counting", around: (call, next) => (calls.push(call), next()) } };
}

async function useAll(provider: StorageProvider): Promise<void> {
  await provider.put("a", body, {});
  await provider.get("a", {});
  await provider.head("a", {});
  await provider.list({ prefix: "a" });
  await provider.copy?.("a", "b", {});
  await provider.signedUrl?.("a", {});
  await provider.signUpload?.("a", {});
  await provider.importFrom?.("c", "https://example.org", {});
  await provider.multipart?.create("a", {});
  await provider.multipart?.signPart("a", { uploadId: "u", partNumber: 1 }, {});
  await provider.multipart?.listParts("a", { uploadId: "u" }, {});
  await provider.multipart?.complete("a", { uploadId: "u", parts: [] }, {});
  await provider.multipart?.abort("a", { uploadId: "u" }, {});
  await provider.deleteMany?.(["b", "c"], {});
  await provider.delete("a", {});
}

describe("intercept", () => {
  it("passes every call through the layer", async () => {
    const { layer, calls } = counting();
    await useAll(intercept((await fullProvider()).provider, layer));
    expect(calls.map(({ operation, key, keys }) => [operation, keys ?? key])).toEqual([
      ["put", "a"],
      ["get", "a"],
      ["head", "a"],
      ["list", "a"],
      ["copy", "b"],
      ["signedUrl", "a"],
      ["signUpload", "a"],
      ["importFrom", "c"],
      ["multipart", "a"],
      ["multipart", "a"],
      ["multipart", "a"],
      ["multipart", "a"],
      ["multipart", "a"],
      ["deleteMany", ["b", "c"]],
      ["delete", "a"],
    ]);
  });

  it("has exactly the optional members of what it wraps", async () => {
    const optional = [
      "copy",
      "publicUrl",
      "signedUrl",
      "signUpload",
      "multipart",
      "importFrom",
      "deleteMany",
    ] as const;
    const has = (provider: StorageProvider): boolean[] =>
      optional.map((name) => provider[name] !== undefined);
    for (const provider of [memory(), (await fullProvider()).provider, { ...memory(), copy: undefined }]) {
      expect(has(intercept(provider, { type: "test" }))).toEqual(has(provider));
    }
  });

  it("asks for a ref as a method: a provider may be an object with a state of its own", () => {
    const made = {
      ...memory(),
      start: "own://",
      ref(key: string): string {
        return this.start + key;
      },
    };
    expect(intercept(made, { type: "test" }).ref("a")).toBe("own://a");
  });

  it("keeps name, supports, refs and links", async () => {
    const { provider } = await fullProvider();
    const wrapped = intercept(provider, { type: "test" });
    expect(wrapped.name).toBe(provider.name);
    expect(wrapped.supports).toBe(provider.supports);
    expect(wrapped.ref("a/b")).toBe(provider.ref("a/b"));
    expect(wrapped.publicUrl?.("a")).toBe("https://example.org/a");
    expect(wrapped.locate(provider.ref("a"))).toEqual(provider.locate(provider.ref("a")));
  });

  it("lets a layer change signal, body, write id and progress of a put, and nothing else", async () => {
    const inner = memory();
    const seen: number[] = [];
    const other = await toBody("other");
    const wrapped = intercept(inner, {
      type: "test",
      around: (_, next) =>
        next({ body: other, writeId: "w", onProgress: ({ loaded }) => void seen.push(loaded) }),
    });
    const info = await wrapped.put("a", body, { contentType: "text/x", metadata: { m: "1" } });
    expect(info).toMatchObject({ size: 5, writeId: "w", contentType: "text/x", metadata: { m: "1" } });
    expect(seen).toEqual([5]);
  });

  it("works with members that are passed around on their own", async () => {
    const {
      put,
      get,
      head,
      list,
      delete: remove,
    } = intercept(intercept(memory(), { type: "a" }), { type: "b" });
    await put("a", body, {});
    await get("a", {});
    expect((await head("a", {})).size).toBe(3);
    await remove("a", {});
    expect((await list({})).objects).toEqual([]);
  });

  it("describes the layer and what lies below", () => {
    const provider = intercept(memory({ name: "disk" }), { type: "test", promises: ["p"], limits: ["l"] });
    expect(provider.describe?.()).toEqual({
      kind: "wrapper",
      type: "test",
      name: "disk",
      promises: ["p"],
      limits: ["l"],
      members: [describeProvider(memory({ name: "disk" }))],
    });
  });

  it("closes what it wraps", async () => {
    const { provider, asked } = await fullProvider();
    await intercept(provider, { type: "test" }).close?.();
    await intercept(memory(), { type: "test" }).close?.();
    expect(asked).toEqual([["close"]]);
  });
});
