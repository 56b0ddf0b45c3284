import fs from "node:fs";
import { chmod, link, stat, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createStorage, type ObjectInfo, type StorageProvider } from "@stowage/core";
import type { CopyOptions } from "@stowage/core/provider";
import { afterEach, describe, expect, it, vi } from "vitest";
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
  rejection,
  sidecars,
  temporaries,
  text,
} from "./testing/disk.test-support.js";

const CASES = LAYOUTS.flatMap((layout) => CHECKS.map((symlinkCheck) => ({ layout, symlinkCheck })));

afterEach(() => {
  vi.restoreAllMocks();
});

async function move(
  provider: StorageProvider,
  from: string,
  to: string,
  options: CopyOptions = {},
): Promise<ObjectInfo> {
  if (provider.move === undefined) throw new Error("The provider does not move");
  return await provider.move(from, to, options);
}

/** Sidecars and unfinished objects have longer names. */
const isObject = (path: string): boolean => basename(path).length === 1;

/** Has a rename or a link fail once it was done, or before. */
function fail(
  name: "rename" | "link",
  error: string,
  isDone: boolean,
  isOurs: (from: string) => boolean,
): void {
  const original = fs[name] as (from: string, to: string, done: (error: Error | null) => void) => void;
  vi.spyOn(fs as unknown as Record<typeof name, typeof original>, name).mockImplementation(
    (from, to, done) => {
      if (!isOurs(from)) return original(from, to, done);
      const failed = (): void => done(Object.assign(new Error(error), { code: error, syscall: name }));
      if (isDone) original(from, to, failed);
      else setImmediate(failed);
    },
  );
}

describe.each(CASES)("a move ($layout, $symlinkCheck)", (variant) => {
  it("renames the file, whatever its size, and keeps its time", async () => {
    const root = await folder();
    const provider = open(root, variant);
    const before = await put(provider, "in/a.bin", patterned(300_000), { metadata: { a: "b" } });
    const written = vi.spyOn(fs, "write");
    const after = await move(provider, "in/a.bin", "out/deep/b.bin");
    expect(written.mock.calls.every(([, bytes]) => (bytes as unknown as Buffer).byteLength < 1000)).toBe(
      true,
    );
    expect([after.etag, after.lastModified]).toEqual([before.etag, before.lastModified]);
    const { bytes, info } = await read(provider, "out/deep/b.bin");
    expect([bytes.equals(patterned(300_000)), info.metadata]).toEqual([true, { a: "b" }]);
    await provider.close?.();
    expect([await keys(open(root, variant)), await sidecars(root), await temporaries(root)]).toMatchObject([
      ["out/deep/b.bin"],
      { length: 1 },
      [],
    ]);
  });

  it("takes facts along that the new name would not say, and none of what it replaces", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a.txt", "new");
    await put(provider, "b.html", "old", { metadata: { a: "b" }, cacheControl: "no-store" });
    await move(provider, "a.txt", "b.html");
    const { bytes, info } = await read(provider, "b.html");
    expect([bytes.toString(), info.contentType, info.metadata, info.cacheControl]).toEqual([
      "new",
      "text/plain",
      undefined,
      undefined,
    ]);
    await move(provider, "b.html", "a.txt");
    expect([await keys(provider), await sidecars(root)]).toEqual([["a.txt"], []]);
  });

  it("to and fro gives the object its first version again", async () => {
    const provider = open(await folder(), variant);
    const { etag } = await put(provider, "a", "x", { metadata: { a: "b" } });
    await move(provider, "a", "b");
    expect((await move(provider, "b", "a")).etag).toBe(etag);
    expect((await read(provider, "a")).info.metadata).toEqual({ a: "b" });
  });

  it("makes room for a new object that no reader takes for the one that was moved away", async () => {
    const provider = open(await folder(), variant);
    const etags = new Set<string | undefined>();
    for (let round = 0; round < 20; round++) {
      etags.add((await put(provider, "a", "x")).etag);
      await move(provider, "a", "b");
      await provider.delete("b", {});
      etags.add((await put(provider, "b", "y")).etag);
    }
    expect(etags.size).toBe(40);
  });

  it("onto itself changes nothing", async () => {
    const provider = open(await folder(), variant);
    const { etag } = await put(provider, "a", "x", { metadata: { a: "b" } });
    expect((await move(provider, "a", "a")).etag).toBe(etag);
    expect(await text(provider, "a")).toBe("x");
  });

  it("of many objects in a ring at once loses none", async () => {
    const provider = open(await folder(), variant);
    for (let index = 0; index < 8; index++) await put(provider, `from/${index}`, `object ${index}`);
    const moves = Array.from({ length: 8 }, (_, index) => move(provider, `from/${index}`, `to/${7 - index}`));
    const back = move(provider, "from/0", "to/7").catch((error: unknown) => error);
    await Promise.all([...moves.map((moved) => moved.catch(() => {})), back]);
    expect(await keys(provider)).toEqual(Array.from({ length: 8 }, (_, index) => `to/${index}`));
    expect(await text(provider, "to/7")).toBe("object 0");
  });

  it("that is create-only does not replace, and is refused nothing else", async () => {
    const provider = open(await folder(), variant);
    await put(provider, "a", "new", { metadata: { a: "b" } });
    await put(provider, "b", "old");
    expect(await code(move(provider, "a", "b", { ifNoneMatch: "*" }))).toBe("AlreadyExists");
    await move(provider, "a", "c", { ifNoneMatch: "*" });
    expect([await keys(provider), (await read(provider, "c")).info.metadata]).toEqual([
      ["b", "c"],
      { a: "b" },
    ]);
  });

  it("of a missing object is NotFound and leaves nothing", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a", "x");
    expect(await code(move(provider, "missing", "b/c"))).toBe("NotFound");
    await provider.close?.();
    expect(await content(root)).toHaveLength(1);
  });

  it("that is aborted before it begins changes nothing", async () => {
    const provider = open(await folder(), variant);
    await put(provider, "a", "x");
    const reason = new Error("no");
    expect(await rejection(move(provider, "a", "b", { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(await keys(provider)).toEqual(["a"]);
  });

  it("that fails leaves the object and no facts of another", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a", "x", { metadata: { a: "b" } });
    fail("rename", "EACCES", false, isObject);
    expect(await code(move(provider, "a", "b"))).toBe("PermissionDenied");
    vi.restoreAllMocks();
    expect([await keys(provider), await sidecars(root)]).toMatchObject([["a"], { length: 1 }]);
    expect((await read(provider, "a")).info.metadata).toEqual({ a: "b" });
  });

  it("whose answer was lost is unknown, and the object has its facts", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a", "x", { metadata: { a: "b" } });
    fail("rename", "EIO", true, isObject);
    expect(await rejection(move(provider, "a", "b"))).toMatchObject({ applied: "unknown" });
    vi.restoreAllMocks();
    expect([await keys(provider), (await read(provider, "b")).info.metadata]).toEqual([["b"], { a: "b" }]);
  });

  it("copies where nothing can be renamed from one folder to the other", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a/x", patterned(200_000), { metadata: { a: "b" } });
    fail("rename", "EXDEV", false, isObject);
    await move(provider, "a/x", "b/x");
    vi.restoreAllMocks();
    const { bytes, info } = await read(provider, "b/x");
    expect([bytes.equals(patterned(200_000)), info.metadata, await keys(provider)]).toEqual([
      true,
      { a: "b" },
      ["b/x"],
    ]);
  });
});

describe("a move of files that others have made", () => {
  it("gives the file the permissions of the one that it replaces", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a.txt", "new");
    await put(provider, "b.txt", "old");
    await chmod(join(root, "b.txt"), 0o640);
    await move(provider, "a.txt", "b.txt");
    expect((await stat(join(root, "b.txt"))).mode & 0o777).toBe(0o640);
  });

  it("leaves one name of a file that has both", async () => {
    const root = await folder();
    const provider = open(root);
    await writeFile(join(root, "a.txt"), "x");
    await link(join(root, "a.txt"), join(root, "b.txt"));
    await move(provider, "a.txt", "b.txt");
    expect([await keys(provider), await text(provider, "b.txt")]).toEqual([["b.txt"], "x"]);
  });

  it("follows no symbolic link", async () => {
    const root = await folder();
    const outside = await folder();
    const provider = open(root);
    await writeFile(join(outside, "secret.txt"), "x");
    await symlink(join(outside, "secret.txt"), join(root, "a.txt"));
    await symlink(outside, join(root, "out"));
    await put(provider, "b.txt", "x");
    expect(await code(move(provider, "a.txt", "c.txt"))).toBe("PermissionDenied");
    expect(await code(move(provider, "b.txt", "out/b.txt"))).toBe("PermissionDenied");
    expect(await code(move(provider, "out/secret.txt", "d.txt"))).toBe("PermissionDenied");
    expect(await text(provider, "b.txt")).toBe("x");
  });

  it("is what the facade's move does", async () => {
    const provider = open(await folder());
    const storage = createStorage({ ...provider, copy: () => Promise.reject(new Error("never")) });
    await storage.put("a.txt", "x");
    await storage.move("a.txt", "b.txt");
    expect(await keys(provider)).toEqual(["b.txt"]);
  });
});

describe("a move beside another process", () => {
  it("takes the facts along of what it has moved in truth", async () => {
    const root = await folder();
    const [provider, other] = [open(root), open(root)];
    await put(provider, "a", "first", { metadata: { a: "first" } });
    const original = fs.rename;
    let replaced: Promise<unknown> | undefined;
    const between = (from: string, to: string, done: (error: Error | null) => void): void => {
      if (!isObject(from) || replaced !== undefined) return original(from, to, done);
      replaced = put(other, "a", "second", { metadata: { a: "second" } });
      void replaced.then(() => original(from, to, done));
    };
    vi.spyOn(fs, "rename").mockImplementation(between as never);
    await move(provider, "a", "b");
    const { bytes, info } = await read(provider, "b");
    expect([bytes.toString(), info.metadata]).toEqual(["second", { a: "second" }]);
  });

  it("whose old name could not be removed tells that the object has both", async () => {
    const provider = open(await folder());
    await put(provider, "a", "x");
    const original = fs.unlink;
    vi.spyOn(fs, "unlink").mockImplementation(((path: string, done: (error: Error | null) => void) => {
      if (!isObject(path)) return original(path, done);
      setImmediate(done, Object.assign(new Error("no"), { code: "EACCES", syscall: "unlink" }));
    }) as never);
    expect(await rejection(move(provider, "a", "b", { ifNoneMatch: "*" }))).toMatchObject({
      code: "PermissionDenied",
      applied: "unknown",
    });
    expect([await text(provider, "a"), await text(provider, "b")]).toEqual(["x", "x"]);
  });

  it.each(LAYOUTS)(
    "leaves the facts of an object alone that another move has brought (%s)",
    async (layout) => {
      const provider = open(await folder(), { layout });
      for (let round = 0; round < 60; round++) {
        const [from, to] = [`from-${round}`, `to-${round}`];
        await put(provider, from, "one", { metadata: { text: "one" } });
        const condition = round % 2 === 0 ? {} : ({ ifNoneMatch: "*" } as const);
        await Promise.allSettled([
          move(provider, from, to),
          put(provider, from, "two", { metadata: { text: "two" } }),
          move(provider, from, to, condition),
        ]);
        const { bytes, info } = await read(provider, to);
        expect(info.metadata).toEqual({ text: bytes.toString() });
      }
    },
  );

  it("that is tried again when it was broken off leaves the facts of both names", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a", "x", { metadata: { a: "b" } });
    const original = fs.unlink;
    const unlink = vi.spyOn(fs, "unlink").mockImplementation(((
      path: string,
      done: (error: Error | null) => void,
    ) => {
      if (!isObject(path)) return original(path, done);
      setImmediate(done, Object.assign(new Error("no"), { code: "EIO", syscall: "unlink" }));
    }) as never);
    await rejection(move(provider, "a", "b", { ifNoneMatch: "*" }));
    unlink.mockRestore();
    expect(await code(move(provider, "a", "b", { ifNoneMatch: "*" }))).toBe("AlreadyExists");
    await provider.delete("a", {});
    expect((await read(provider, "b")).info.metadata).toEqual({ a: "b" });
  });
});
