import fs from "node:fs";
import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
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

afterEach(() => {
  vi.restoreAllMocks();
});

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

/** Has the single call that copies a file do something else first, or instead. */
function instead(then: (to: string, original: () => void, done: (error: Error) => void) => void): void {
  type CopyFile = (from: string, to: string, mode: number, done: (error: Error | null) => void) => void;
  const original = fs.copyFile as CopyFile;
  vi.spyOn(fs as unknown as { readonly copyFile: CopyFile }, "copyFile").mockImplementation(
    (from, to, mode, done) => then(to, () => original(from, to, mode, done), done),
  );
}

describe.each(CASES)("a copy of a small file ($layout, $symlinkCheck)", (variant) => {
  it("has the permissions of new files, not those of its source", async () => {
    const root = await folder();
    const provider = open(root, { layout: "plain", symlinkCheck: variant.symlinkCheck, fileMode: 0o640 });
    await put(provider, "a", "x");
    await chmod(join(root, "a"), 0o604);
    await copy(provider, "a", "b");
    expect((await stat(join(root, "b"))).mode & 0o7777).toBe(0o640);
  });

  it("is made block by block where the system cannot copy files", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a", "abc");
    instead((_, __, done) => setImmediate(done, Object.assign(new Error("no"), { code: "EOPNOTSUPP" })));
    await copy(provider, "a", "b");
    expect((await read(provider, "b")).bytes.toString()).toBe("abc");
    expect(await temporaries(root)).toEqual([]);
  });

  it("has as many bytes as were announced, though the source is changed meanwhile", async () => {
    const root = await folder();
    const provider = open(root, { layout: "plain", symlinkCheck: variant.symlinkCheck });
    await put(provider, "a", "abc");
    instead((_, original) => {
      fs.appendFileSync(join(root, "a"), "def");
      original();
    });
    const { size } = await copy(provider, "a", "b");
    expect([size, (await read(provider, "b")).bytes.toString()]).toEqual([3, "abc"]);
    instead((_, original) => {
      fs.truncateSync(join(root, "a"), 2);
      original();
    });
    expect(await code(copy(provider, "a", "c"))).toBe("Unavailable");
    expect(await keys(provider)).toEqual(["a", "b"]);
    expect(await temporaries(root)).toEqual([]);
  });

  it("has the permissions of new files, though those of its source change meanwhile", async () => {
    const root = await folder();
    const provider = open(root, { layout: "plain", symlinkCheck: variant.symlinkCheck });
    await put(provider, "a", "abc");
    instead((_, original) => {
      fs.chmodSync(join(root, "a"), 0o644);
      original();
    });
    await copy(provider, "a", "b");
    expect((await stat(join(root, "b"))).mode & 0o7777).toBe(0o600);
  });

  it("is never open to more users than it will be", async () => {
    const root = await folder();
    const provider = open(root, { layout: "plain", symlinkCheck: variant.symlinkCheck });
    await put(provider, "a", "abc");
    await chmod(join(root, "a"), 0o666);
    const calls = vi.fn<() => void>();
    instead((_, original) => {
      calls();
      original();
    });
    await copy(provider, "a", "b");
    expect(calls).not.toHaveBeenCalled();
    expect((await stat(join(root, "b"))).mode & 0o7777).toBe(0o600);
  });
});
