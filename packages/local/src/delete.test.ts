import fs from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  VARIANTS,
  code,
  content,
  folder,
  isThere,
  open,
  put,
  rejection,
  sidecars,
  text,
} from "./testing/disk.test-support.js";

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(VARIANTS)("a delete ($layout, $durability, $symlinkCheck)", (variant) => {
  it("removes object and facts, and may be repeated", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a/b", "x", { metadata: { a: "b" } });
    await provider.delete("a/b", {});
    await provider.delete("a/b", {});
    await provider.close?.();
    expect(await content(root)).toEqual([]);
  });

  it("of a key in a folder that never was does nothing", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a", "x");
    await provider.delete("no/such/folder", {});
    await provider.delete("no/such/folder", { ifMatch: '"x"' });
    expect(await text(provider, "a")).toBe("x");
  });

  it("with a condition removes only the version that it names", async () => {
    const root = await folder();
    const provider = open(root, variant);
    const first = await put(provider, "a", "1", { metadata: { a: "b" } });
    const second = await put(provider, "a", "2", { metadata: { a: "c" } });
    expect(await code(provider.delete("a", { ifMatch: first.etag }))).toBe("PreconditionFailed");
    expect([await text(provider, "a"), await sidecars(root)]).toEqual(["2", [expect.any(String)]]);
    await provider.delete("a", { ifMatch: second.etag });
    expect(await content(root)).toEqual([]);
  });

  it("of one version by many at once removes it once, and no later version", async () => {
    const provider = open(await folder(), variant);
    const { etag } = await put(provider, "a", "1");
    const calls = Array.from({ length: 5 }, () =>
      code(provider.delete("a", { ifMatch: etag })).catch(() => "done"),
    );
    const next = put(provider, "a", "2");
    await Promise.all(calls);
    await next;
    expect(await text(provider, "a")).toBe("2");
  });

  it("does not fail because another one removes the folder that it empties", async () => {
    const provider = open(await folder(), variant);
    const names = Array.from({ length: 6 }, (_, index) => `a/b/${index}`);
    for (let round = 0; round < 15; round++) {
      await Promise.all(names.map((name) => put(provider, name, "x")));
      const deletes = await Promise.allSettled(names.map((name) => provider.delete(name, {})));
      expect(deletes.filter(({ status }) => status === "rejected")).toEqual([]);
    }
  });

  it("rejects with the signal's reason when it is aborted before, and removes nothing", async () => {
    const provider = open(await folder(), variant);
    await put(provider, "a", "x");
    const reason = Object.assign(new Error("no"), { code: "ENOENT" });
    expect(await rejection(provider.delete("a", { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(await text(provider, "a")).toBe("x");
  });
});

describe("a delete with a condition", () => {
  it("does not remove an object that comes after the look at the old one, by another process", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a", "mine");
    const { etag } = await provider.head("a", {});
    await provider.delete("a", {});
    const original = fs.lstat as unknown as (...args: unknown[]) => void;
    vi.spyOn(fs, "lstat").mockImplementation(((
      path: string,
      options: object,
      done: (...args: unknown[]) => void,
    ) => {
      original(path, options, (...result: unknown[]) => {
        if (path.endsWith("/a")) fs.writeFileSync(join(root, "a"), "another's");
        done(...result);
      });
    }) as unknown as typeof fs.lstat);
    await provider.delete("a", { ifMatch: etag });
    expect(fs.readFileSync(join(root, "a"), "utf8")).toBe("another's");
  });
});

describe("a delete whose object is gone already", () => {
  it("does not fail because its sidecar cannot be removed", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a", "x", { metadata: { a: "b" } });
    const [sidecar = ""] = await sidecars(root);
    fs.rmSync(join(root, sidecar));
    await mkdir(join(root, sidecar));
    await writeFile(join(root, sidecar, "in the way"), "");
    await provider.delete("a", {});
    expect(await isThere(join(root, "a"))).toBe(false);
    expect(await code(provider.head("a", {}))).toBe("NotFound");
  });
});
