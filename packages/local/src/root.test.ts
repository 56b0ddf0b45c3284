import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import {
  CHECKS,
  code,
  content,
  files,
  folder,
  idle,
  isThere,
  keys,
  open,
  put,
  rejection,
  text,
} from "./testing/disk.test-support.js";
import type { StorageProvider } from "@stowage/core";

/** Every verb, one after the other. */
async function everyVerb(provider: StorageProvider): Promise<string[]> {
  const calls = [
    () => provider.get("a", {}),
    () => provider.head("a", {}),
    () => provider.list({}),
    () => provider.delete("a", {}),
    () => put(provider, "b/c", "x"),
    () => provider.copy?.("a", "d", {}) ?? Promise.resolve(),
  ];
  const found: string[] = [];
  for (const call of calls) found.push(await code(call()));
  return found;
}

const ALL = 6;

/** Renames a root that nobody is using: for some milliseconds an open folder is trusted to be where it was. */
async function moveAway(root: string): Promise<void> {
  await idle(root);
  await rename(root, `${root}-away`);
}

describe.each(CHECKS)("a root (%s)", (symlinkCheck) => {
  it("that is missing is Unavailable for every verb, and is not made", async () => {
    const root = join(await folder(), "missing");
    expect(await everyVerb(open(root, { symlinkCheck }))).toEqual(Array(ALL).fill("Unavailable"));
    expect(await isThere(root)).toBe(false);
  });

  it("that is missing at first works as soon as it is there", async () => {
    const root = join(await folder(), "later");
    const provider = open(root, { symlinkCheck });
    expect(await code(provider.list({}))).toBe("Unavailable");
    await mkdir(root);
    await put(provider, "a", "x");
    expect(await keys(provider)).toEqual(["a"]);
  });

  it("that is missing is made, with the folders above it, when that is asked for", async () => {
    const root = join(await folder(), "made/by/create");
    const provider = open(root, { symlinkCheck, create: true });
    expect(await keys(provider)).toEqual([]);
    await put(provider, "a", "x");
    expect(await text(provider, "a")).toBe("x");
  });

  it("that is a file is Misconfigured, and stays as it is", async () => {
    const root = join(await folder(), "file");
    await writeFile(root, "content");
    for (const create of [false, true]) {
      expect(await everyVerb(open(root, { symlinkCheck, create }))).toEqual(Array(ALL).fill("Misconfigured"));
    }
    expect(await readFile(root, "utf8")).toBe("content");
  });

  it("that is below a file is Misconfigured", async () => {
    const file = join(await folder(), "file");
    await writeFile(file, "content");
    const provider = open(join(file, "root"), { symlinkCheck, create: true });
    expect(await everyVerb(provider)).toEqual(Array(ALL).fill("Misconfigured"));
  });

  it("that is a link to nothing is an error that does not speak of a key", async () => {
    const link = join(await folder(), "link");
    await symlink(`${link}-nowhere`, link);
    expect(await code(open(link, { symlinkCheck }).list({}))).toBe("Unavailable");
    expect(["Unavailable", "Misconfigured"]).toContain(
      await code(put(open(link, { symlinkCheck, create: true }), "a", "x")),
    );
  });

  it("may be given as a relative path, and stays where it was when the working folder changes", async () => {
    const root = await folder();
    const provider = open(relative(process.cwd(), root), { symlinkCheck });
    const before = process.cwd();
    process.chdir(await folder());
    try {
      await put(provider, "a", "x");
    } finally {
      process.chdir(before);
    }
    expect(await content(root)).toEqual(["a"]);
  });

  it("may have a name that a URL cannot show as it is", async () => {
    const root = join(await folder(), "a b#c?d%20\\ü\n");
    const provider = open(root, { symlinkCheck, create: true });
    const { ref } = await put(provider, "x/y z", "content");
    expect(provider.locate(ref)?.key).toBe("x/y z");
    expect(await text(provider, "x/y z")).toBe("content");
  });

  it("that goes away is Unavailable for every verb, never empty, and is not made again", async () => {
    const root = join(await folder(), "root");
    const provider = open(root, { symlinkCheck, create: true });
    await put(provider, "a", "x");
    await moveAway(root);
    expect(await everyVerb(provider)).toEqual(Array(ALL).fill("Unavailable"));
    expect(await isThere(root)).toBe(false);
  });

  it("that goes away and comes back works again", async () => {
    const root = join(await folder(), "root");
    const provider = open(root, { symlinkCheck, create: true });
    await put(provider, "a", "x", { metadata: { a: "b" } });
    await moveAway(root);
    expect(await code(provider.list({}))).toBe("Unavailable");
    await rename(`${root}-away`, root);
    expect(await text(provider, "a")).toBe("x");
    await put(provider, "b", "y");
    expect(await keys(provider)).toEqual(["a", "b"]);
  });

  it("that comes back as a copy with the same marker works again", async () => {
    const root = join(await folder(), "root");
    const provider = open(root, { symlinkCheck, create: true });
    await put(provider, "a", "x");
    const marker = await readFile(join(root, ".stowage/layout.json"));
    await rm(root, { recursive: true });
    expect(await code(provider.get("a", {}))).toBe("Unavailable");
    await mkdir(join(root, ".stowage"), { recursive: true });
    await writeFile(join(root, ".stowage/layout.json"), marker);
    await writeFile(join(root, "a"), "restored");
    expect(await text(provider, "a")).toBe("restored");
    await put(provider, "b", "y");
    expect(await keys(provider)).toEqual(["a", "b"]);
  });

  it.each(["empty", "with a marker of its own"])(
    "whose place is taken by another folder, %s, is Unavailable",
    async (kind) => {
      const root = join(await folder(), "root");
      const provider = open(root, { symlinkCheck, create: true });
      await put(provider, "a", "x");
      await moveAway(root);
      await mkdir(root);
      if (kind !== "empty") await put(open(root, { symlinkCheck }), "other", "x");
      const before = await files(root);
      expect(await everyVerb(provider)).toEqual(Array(ALL).fill("Unavailable"));
      expect(await files(root)).toEqual(before);
    },
  );

  it("whose private folder is deleted by hand gets it back with the next put but one", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    await put(provider, "a", "x");
    const marker = await readFile(join(root, ".stowage/layout.json"), "utf8");
    await rm(join(root, ".stowage"), { recursive: true });
    expect(await code(put(provider, "new/b", "y"))).toBe("Unavailable");
    await put(provider, "new/b", "y");
    expect(await keys(provider)).toEqual(["a", "new/b"]);
    const again = JSON.parse(await readFile(join(root, ".stowage/layout.json"), "utf8")) as {
      readonly id: string;
    };
    expect(again.id).toBe((JSON.parse(marker) as { readonly id: string }).id);
  });

  it("whose private folder's name is taken by a file is Misconfigured", async () => {
    const root = await folder();
    await writeFile(join(root, ".stowage"), "somebody else's");
    await writeFile(join(root, "a"), "x");
    expect(await everyVerb(open(root, { symlinkCheck }))).toEqual(Array(ALL).fill("Misconfigured"));
  });

  it.each(["", "{}", "null", '{"version":2,"layout":"plain","fold":false,"id":"x"}', "not JSON"])(
    "with a marker that says %j is Misconfigured",
    async (marker) => {
      const root = await folder();
      await put(open(root, { symlinkCheck }), "a", "x");
      await writeFile(join(root, ".stowage/layout.json"), marker);
      expect(await everyVerb(open(root, { symlinkCheck }))).toEqual(Array(ALL).fill("Misconfigured"));
    },
  );

  it("is opened by many calls at once without harm", async () => {
    const provider = open(join(await folder(), "root"), { symlinkCheck, create: true });
    const names = Array.from({ length: 20 }, (_, index) => `${index % 4}/${index}`);
    await Promise.all(names.map((name) => put(provider, name, name, { metadata: { name } })));
    expect(await keys(provider)).toEqual(names.toSorted());
  });

  it("is told apart by many processes' first puts: one marker stays", async () => {
    const root = await folder();
    const providers = Array.from({ length: 8 }, () => open(root, { symlinkCheck }));
    await Promise.all(providers.map((provider, index) => put(provider, `${index}`, "x")));
    expect((await files(root)).filter((path) => path.startsWith(".stowage"))).toEqual([
      ".stowage/layout.json",
    ]);
    expect(await keys(open(root))).toHaveLength(8);
  });
});

describe("errors about a root", () => {
  it("say what to do", async () => {
    const root = join(await folder(), "missing");
    const error = (await rejection(open(root).list({}))) as Error;
    expect(error.message).toContain("create: true");
    expect(error.message).toContain(root);
  });
});
