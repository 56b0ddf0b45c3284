import { describe, expect, it } from "vitest";
import type { CopyOptions } from "@stowage/core/provider";
import type { ObjectInfo, StorageProvider } from "@stowage/core";
import {
  CHECKS,
  LAYOUTS,
  code,
  content,
  folder,
  keys,
  open,
  patterned,
  put,
  read,
  temporaries,
  rejection,
  sidecars,
} from "./testing/disk.test-support.js";

const CASES = LAYOUTS.flatMap((layout) => CHECKS.map((symlinkCheck) => ({ layout, symlinkCheck })));

async function copy(
  provider: StorageProvider,
  from: string,
  to: string,
  options: CopyOptions = {},
): Promise<ObjectInfo> {
  if (provider.copy === undefined) throw new Error("The provider does not copy");
  return await provider.copy(from, to, options);
}

describe.each(CASES)("a copy ($layout, $symlinkCheck)", (variant) => {
  it.each([0, 1, 65_536, 2 * 1024 * 1024 + 3])("has all %d bytes", async (length) => {
    const provider = open(await folder(), variant);
    const bytes = patterned(length);
    await put(provider, "a", bytes);
    expect((await copy(provider, "a", "b/c")).size).toBe(length);
    expect((await read(provider, "b/c")).bytes.equals(bytes)).toBe(true);
  });

  it("has the facts of its source, but not its write id", async () => {
    const provider = open(await folder(), variant);
    const facts = {
      contentType: "text/html",
      cacheControl: "no-store",
      contentDisposition: "inline",
      metadata: { a: "b" },
    };
    await put(provider, "a.txt", "x", { ...facts, writeId: "w" });
    await copy(provider, "a.txt", "b.txt");
    const { info } = await read(provider, "b.txt");
    expect(info).toMatchObject(facts);
    expect(info.writeId).toBeUndefined();
  });

  it("keeps the content type when its name means another", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a.txt", "x");
    expect((await copy(provider, "a.txt", "b.html")).contentType).toBe("text/plain");
    expect((await provider.head("b.html", {})).contentType).toBe("text/plain");
    await copy(provider, "b.html", "c.txt");
    expect((await provider.head("c.txt", {})).contentType).toBe("text/plain");
    expect(await sidecars(root)).toHaveLength(1);
  });

  it("onto another object replaces bytes and facts", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a", "new");
    await put(provider, "b", "old", { metadata: { a: "b" } });
    await copy(provider, "a", "b");
    const { bytes, info } = await read(provider, "b");
    expect([bytes.toString(), info.metadata, await sidecars(root)]).toEqual(["new", undefined, []]);
  });

  it("onto itself keeps bytes and facts, and is a new version", async () => {
    const root = await folder();
    const provider = open(root, variant);
    const before = await put(provider, "a", "x", { metadata: { a: "b" } });
    const after = await copy(provider, "a", "a");
    const { bytes, info } = await read(provider, "a");
    expect([bytes.toString(), info.metadata, info.etag]).toEqual(["x", { a: "b" }, after.etag]);
    expect(after.etag).not.toBe(before.etag);
    expect(await sidecars(root)).toHaveLength(1);
  });

  it("that is create-only does not replace", async () => {
    const provider = open(await folder(), variant);
    await put(provider, "a", "new");
    await put(provider, "b", "old");
    expect(await code(copy(provider, "a", "b", { ifNoneMatch: "*" }))).toBe("AlreadyExists");
    await copy(provider, "a", "c", { ifNoneMatch: "*" });
    expect(await keys(provider)).toEqual(["a", "b", "c"]);
  });

  it("of a missing object is NotFound, and leaves nothing", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a", "x");
    expect(await code(copy(provider, "missing", "b/c"))).toBe("NotFound");
    await provider.close?.();
    expect(await content(root)).toHaveLength(1);
  });

  it("that is aborted before it begins leaves nothing", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a", patterned(3_000_000));
    const reason = new Error("no");
    expect(await rejection(copy(provider, "a", "b/c", { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(await content(root)).toHaveLength(1);
  });

  it("that is aborted on the way leaves all or nothing", async () => {
    const root = await folder();
    const provider = open(root, variant);
    const bytes = patterned(3_000_000);
    await put(provider, "a", bytes, { metadata: { a: "b" } });
    for (let turns = 0; turns < 12; turns++) {
      const abort = new AbortController();
      const copying = copy(provider, "a", `b/${turns}`, { signal: abort.signal }).catch(
        (error: unknown) => error,
      );
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      const reason = new Error("enough");
      abort.abort(reason);
      const outcome = await copying;
      if (outcome === reason) expect(await code(provider.head(`b/${turns}`, {}))).toBe("NotFound");
      else expect((await read(provider, `b/${turns}`)).bytes.equals(bytes)).toBe(true);
    }
    await provider.close?.();
    expect(await temporaries(root)).toEqual([]);
  });
});
