import fs from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isStorageError, type StorageProvider } from "@stowage/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CHECKS, code, folder, keys, open, put, rejection } from "./testing/disk.test-support.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Has folders of these names refuse to be read, as those of another user do: root itself would be let in. */
function lock(...names: readonly string[]): void {
  const isLocked = (path: unknown): boolean =>
    names.some((name) => new RegExp(`/${name}/?$`).test(String(path)));
  for (const call of ["open", "readdir"] as const) {
    const original = fs[call] as (...args: unknown[]) => void;
    vi.spyOn(fs as unknown as Record<typeof call, typeof original>, call).mockImplementation((...args) => {
      if (!isLocked(args[0])) return original(...args);
      setImmediate(
        args.at(-1) as (error: Error) => void,
        Object.assign(new Error("EACCES"), { code: "EACCES" }),
      );
    });
  }
}

async function skippedOf(provider: StorageProvider, limit?: number): Promise<(readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  let cursor: string | undefined;
  do {
    const page = await provider.list({ cursor, limit });
    found.push(...(page.skipped ?? []).map(({ key, reason }) => [key, reason] as const));
    ({ cursor } = page);
  } while (cursor !== undefined);
  return found;
}

describe.each(CHECKS)("a folder that the process may not read (%s)", (symlinkCheck) => {
  async function locked(options = {}): Promise<StorageProvider> {
    const root = await folder();
    const provider = open(root, { symlinkCheck, ...options });
    for (const key of ["a", "b/secret/x", "z"]) await put(provider, key, "x");
    await provider.close?.();
    lock("secret");
    return open(root, { symlinkCheck, ...options });
  }

  it("makes a listing fail with its name, and with the cure", async () => {
    const error = await rejection((await locked()).list({}));
    expect(isStorageError(error, "PermissionDenied") && error.message).toMatch(
      /"b\/secret".*unreadable: "skip"/,
    );
  });

  it("is passed over and told when that is asked for", async () => {
    const provider = await locked({ unreadable: "skip" });
    expect(await keys(provider)).toEqual(["a", "z"]);
    expect((await skippedOf(provider)).map(([key]) => key)).toEqual(["b/secret/"]);
    const rolled = await provider.list({ delimiter: "/" });
    expect([rolled.prefixes, rolled.skipped?.map(({ key }) => key)]).toEqual([[], ["b/secret/"]]);
  });

  it("is passed over by itself when it is the volume's lost+found", async () => {
    const root = await folder();
    await mkdir(join(root, "lost+found"));
    const provider = open(root, { symlinkCheck });
    await put(provider, "a", "x");
    lock("lost\\+found");
    expect(await keys(provider)).toEqual(["a"]);
    expect((await skippedOf(provider)).map(([key]) => key)).toEqual(["lost+found/"]);
  });

  it("is no lost+found of a volume inside a folder of it", async () => {
    const root = await folder();
    await mkdir(join(root, "a/lost+found"), { recursive: true });
    lock("lost\\+found");
    expect(await code(open(root, { symlinkCheck }).list({}))).toBe("PermissionDenied");
  });

  it("is named also when it is the root", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck, unreadable: "skip" });
    lock(root.slice(root.lastIndexOf("/") + 1));
    expect(String(await rejection(provider.list({})))).toContain(root);
  });
});

describe("names that are no keys", () => {
  const NOT_UTF8 = Buffer.from("caf\u00e9.txt", "latin1");

  async function adopted(): Promise<string> {
    const root = await folder();
    const inFolder = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${root}/`), name]);
    await writeFile(inFolder(NOT_UTF8), "x");
    await mkdir(inFolder(Buffer.from("d\u00e9", "latin1")));
    for (const name of ["a\nb", "good", "back\\slash", "is\uFFFDone"]) await writeFile(join(root, name), "x");
    return root;
  }

  it("are left out of a listing, and told, each once, with what is wrong", async () => {
    const provider = open(await adopted());
    expect(await keys(provider)).toEqual(["good", "is\uFFFDone"]);
    const told = await skippedOf(provider);
    expect(told.map(([key]) => key)).toEqual(["a\nb", "back\\slash", "caf\uFFFD.txt", "d\uFFFD/"]);
    expect(told.find(([key]) => key.startsWith("caf"))?.[1]).toContain("caf\\xE9.txt");
  });

  it("are told once when the listing has many pages", async () => {
    expect((await skippedOf(open(await adopted()), 1)).map(([key]) => key)).toEqual([
      "a\nb",
      "back\\slash",
      "caf\uFFFD.txt",
      "d\uFFFD/",
    ]);
  });

  it("are told in the portable layout too, where others have put files", async () => {
    const root = await folder();
    const provider = open(root, { layout: "portable" });
    await put(provider, "a", "x");
    await writeFile(join(root, "objects/not ours"), "x");
    expect(await keys(provider)).toEqual(["a"]);
    expect((await skippedOf(provider)).map(([key]) => key)).toEqual(["not ours"]);
  });
});

describe("what file systems leave of deleted files", () => {
  const LEFT = [".fuse_hidden0000000800000001", ".nfs000000000012abcd00000001", ".nfs.00000012.0004"];

  it("is not listed, and no key has such a name", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a/b", "x");
    for (const name of LEFT) await writeFile(join(root, "a", name), "deleted");
    expect(await keys(provider)).toEqual(["a/b"]);
    expect(await skippedOf(provider)).toEqual([]);
    for (const name of LEFT) {
      expect(await code(put(provider, `a/${name}`, "x"))).toBe("Unsupported");
      expect(await code(provider.get(`a/${name}`, {}))).toBe("NotFound");
    }
  });

  it("is not taken for it when it only begins so", async () => {
    const provider = open(await folder());
    for (const key of [".nfsrc", ".fuse_hidden", ".nfs/a"]) await put(provider, key, "x");
    expect(await keys(provider)).toEqual([".fuse_hidden", ".nfs/a", ".nfsrc"]);
  });
});

describe.each(CHECKS)("a root inside a root (%s)", (symlinkCheck) => {
  const OWN = "inner/.stowage/layout.json";

  it("keeps its own files for itself, whatever the verb", async () => {
    const root = await folder();
    const [outer, inner] = [open(root, { symlinkCheck }), open(join(root, "inner"), { create: true })];
    await put(inner, "ada", "x", { metadata: { a: "b" } });
    await put(outer, "a", "x");
    expect(await keys(outer)).toEqual(["a", "inner/ada"]);
    expect(await code(outer.get(OWN, {}))).toBe("NotFound");
    expect(await code(outer.head(OWN, {}))).toBe("NotFound");
    await outer.delete(OWN, {});
    expect(await code(put(outer, OWN, "x"))).toBe("Unsupported");
    expect(await code(put(outer, "inner/.stowage/meta/x", "x"))).toBe("Unsupported");
    expect(await code(outer.copy?.("a", "inner/.stowage/tmp/x", {}) ?? Promise.resolve())).toBe(
      "Unsupported",
    );
    expect((await open(join(root, "inner")).head("ada", {})).metadata).toEqual({ a: "b" });
  });

  it("is told by its marker: others may use the name", async () => {
    const provider = open(await folder(), { symlinkCheck });
    await put(provider, "x/.stowage/notes", "x");
    expect(await keys(provider)).toEqual(["x/.stowage/notes"]);
    expect(await code(put(provider, "x/.stowage/layout.json", "x"))).toBe("Unsupported");
  });
});
