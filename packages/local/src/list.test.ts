import { createStorage, type StorageProvider } from "@stowage/core";
import fs from "node:fs";
import { chmod, mkdir, mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { isRoot } from "./testing/children.test-support.js";
import {
  CHECKS,
  LAYOUTS,
  code,
  entries,
  folder,
  keys,
  open,
  put,
  rejection,
} from "./testing/disk.test-support.js";
import { below, pick, randomNumbers, seed } from "./testing/random.test-support.js";

const CASES = LAYOUTS.flatMap((layout) => CHECKS.map((symlinkCheck) => ({ layout, symlinkCheck })));

afterEach(() => {
  vi.restoreAllMocks();
});

/** Files as an application without Stowage would have made them. */
async function adopt(root: string, names: readonly string[]): Promise<void> {
  for (const path of new Set(names.map((name) => dirname(name))))
    await mkdir(join(root, path), { recursive: true });
  for (const name of names) fs.writeFileSync(join(root, name), name);
}

function sorted(list: Iterable<string>): string[] {
  return [...list].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** How many folders are read, and how many files are asked for their facts, while some work is done. */
async function cost(
  work: () => Promise<unknown>,
): Promise<{ readonly folders: number; readonly files: number }> {
  const folders = vi.spyOn(fs, "readdir");
  const files = vi.spyOn(fs, "lstat");
  await work();
  const counted = { folders: folders.mock.calls.length, files: files.mock.calls.length };
  vi.restoreAllMocks();
  return counted;
}

describe.each(CASES)("a listing ($layout, $symlinkCheck)", (variant) => {
  it("is in UTF-8 order, which is not that of folders nor of JavaScript", async () => {
    const provider = open(await folder(), variant);
    const names = [
      "a/b",
      "a-b",
      "a.b",
      "a0",
      "a b",
      "A",
      "ä",
      "z",
      "\u{1f600}",
      "\uffe0",
      "\ue000/x",
      "b/a/c",
      "b/a-c",
    ];
    await Promise.all(names.map((name) => put(provider, name, "x")));
    expect(await keys(provider)).toEqual(sorted(names));
    expect(await keys(provider, { limit: 1 })).toEqual(sorted(names));
  });

  it(`of random trees is what a sorted list says, for any prefix, delimiter, limit and start (seed ${seed})`, async () => {
    const random = randomNumbers();
    for (let tree = 0; tree < 2; tree++) {
      const provider = open(await folder(), { ...variant, durability: "rename" });
      const words = ["a", "b", "ab", "a-", "a.", "0", "é"].map((word, index) =>
        index % 2 === 0 ? word : `${word}x`,
      );
      const held = new Set<string>();
      for (let count = 0; count < 60; count++) {
        const key = Array.from({ length: 1 + below(4, random) }, () => pick(words, random)).join("/");
        if (
          await put(provider, key, key).then(
            () => true,
            () => false,
          )
        )
          held.add(key);
      }
      for (let round = 0; round < 25; round++) {
        const source = pick([...held], random);
        const prefix = pick(["", source.slice(0, below(source.length + 1, random)), "zz"], random);
        const delimiter = pick([undefined, "/" as const], random);
        const limit = 1 + below(9, random);
        expect(await entries(provider, { prefix, delimiter, limit })).toEqual(
          expected(held, prefix, delimiter),
        );
      }
    }
  });

  it("goes on after a cursor whose key is deleted meanwhile", async () => {
    const provider = open(await folder(), variant);
    for (const name of ["a/1", "a/2", "b/1", "b/2"]) await put(provider, name, "x");
    const { cursor } = await provider.list({ limit: 2 });
    await Promise.all(["a/1", "a/2"].map((name) => provider.delete(name, {})));
    expect((await provider.list({ cursor })).objects.map(({ key }) => key)).toEqual(["b/1", "b/2"]);
  });

  it("shows no prefix for folders without objects", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a/b", "x");
    const base = variant.layout === "plain" ? root : join(root, "objects");
    const mark = variant.layout === "plain" ? "" : "%";
    await mkdir(join(base, `empty${mark}/inner${mark}`), { recursive: true });
    expect(await entries(provider, { delimiter: "/" })).toEqual(["a/"]);
  });

  it("of a root in which nothing was ever put is empty", async () => {
    expect(await open(await folder(), variant).list({})).toEqual({ objects: [], prefixes: [] });
  });

  it("returns every key that was there throughout exactly once, while others come and go", async () => {
    const provider = open(await folder(), { ...variant, durability: "rename" });
    const steady = Array.from({ length: 40 }, (_, index) => `${index % 7}/${index % 3}/${index}.txt`);
    await Promise.all(steady.map((key) => put(provider, key, "x")));
    let running = true;
    const churn = async (name: string): Promise<void> => {
      for (let round = 0; running; round++) {
        const key = `${round % 7}/${round % 3}/${name}/${round % 5}.txt`;
        await put(provider, key, "x");
        await put(provider, pick(steady, Math.random), "y");
        await provider.delete(key, {});
      }
    };
    const writers = Promise.all([churn("one"), churn("two")]);
    for (let round = 0; round < 15; round++) {
      const found = await keys(provider, { limit: 7 });
      expect(found).toEqual(sorted(new Set(found)));
      expect(found.filter((key) => steady.includes(key))).toEqual(sorted(steady));
    }
    running = false;
    await writers;
  });

  it("rejects with the signal's reason, unchanged", async () => {
    const provider = open(await folder(), variant);
    await put(provider, "a/b", "x");
    const abort = new AbortController();
    const reason = Object.assign(new Error("enough"), { code: "ENOENT" });
    const listing = provider.list({ signal: abort.signal });
    abort.abort(reason);
    expect(await rejection(listing)).toBe(reason);
  });
});

/** What a listing shows, by definition. */
function expected(held: ReadonlySet<string>, prefix: string, delimiter: "/" | undefined): string[] {
  const shown = [...held]
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
      return end === -1 ? key : key.slice(0, end + 1);
    });
  return sorted(new Set(shown));
}

describe("the cost of a page", () => {
  const FOLDERS = 400;
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "stowage-big-"));
    const names = Array.from(
      { length: FOLDERS },
      (_, index) => `${index % 20}/${String(index).padStart(3, "0")}`,
    );
    await adopt(
      root,
      names.flatMap((name) => [0, 1, 2, 3, 4].map((file) => `${name}/${file}.bin`)),
    );
  });

  afterAll(() => rm(root, { recursive: true }));

  /** A provider over 2,000 files in 400 folders that has been used before. */
  async function bigTree(): Promise<StorageProvider> {
    const provider = open(root);
    await provider.list({ limit: 1 });
    return provider;
  }

  it("is that of the folders on the way to what is on it, not of the tree", async () => {
    const provider = await bigTree();
    const first = await cost(() => provider.list({ limit: 100 }));
    // The root, the two folders below it that 100 files are spread over, 20 of 5 files each, and one to see that there is more.
    expect(first.folders).toBeLessThanOrEqual(24);
    expect(first.files).toBeLessThanOrEqual(102);
  });

  it("is the same in the middle of the tree", async () => {
    const provider = await bigTree();
    let page = await provider.list({ limit: 1_000 });
    const next = await cost(async () => {
      page = await provider.list({ limit: 100, cursor: page.cursor });
    });
    expect(next.folders).toBeLessThanOrEqual(26);
    expect(next.files).toBeLessThanOrEqual(102);
  });

  it("of one object is that of one way down", async () => {
    const provider = await bigTree();
    const one = await cost(() => provider.list({ limit: 1 }));
    expect(one.folders).toBeLessThanOrEqual(3);
    expect(one.files).toBeLessThanOrEqual(3);
  });

  it("below a prefix is that of the prefix", async () => {
    const provider = await bigTree();
    const one = await cost(() => provider.list({ prefix: "7/007/" }));
    expect(one.folders).toBeLessThanOrEqual(3);
  });

  it("of rolled-up folders is one way down each", async () => {
    const provider = await bigTree();
    const rolled = await cost(() => provider.list({ delimiter: "/" }));
    expect(rolled.folders).toBeLessThanOrEqual(1 + 20 * 2);
    expect(rolled.files).toBeLessThanOrEqual(1);
  });

  it("does not ask every file of a large folder", async () => {
    const large = await folder();
    await adopt(
      large,
      Array.from({ length: 3_000 }, (_, index) => `${index}.bin`),
    );
    const provider = open(large);
    await provider.list({ limit: 1 });
    const flat = await cost(() => provider.list({ limit: 100 }));
    expect(flat.folders).toBe(1);
    expect(flat.files).toBeLessThanOrEqual(102);
  });
});

describe("a listing through folders that change", () => {
  it("passes over what was removed after its name was read", async () => {
    const root = await folder();
    await adopt(root, ["a/1", "b/1", "b/2", "c/1"]);
    const provider = open(root);
    const original = fs.readdir as unknown as (...args: unknown[]) => void;
    vi.spyOn(fs, "readdir").mockImplementation(((path: string, options: object, done: () => void) => {
      // Once the names in the root are known, one folder goes, and a file of another.
      original(path, options, () => {
        fs.rmSync(join(root, "a"), { recursive: true, force: true });
        fs.rmSync(join(root, "b/1"), { force: true });
        original(path, options, done);
      });
    }) as unknown as typeof fs.readdir);
    const names = await keys(provider);
    expect(names).toEqual(["b/2", "c/1"]);
  });

  it("is Unavailable, and not short, when the root goes away in the middle", async () => {
    const root = await folder();
    await adopt(root, ["a/1", "b/1", "c/1"]);
    const provider = open(root);
    const original = fs.lstat as unknown as (...args: unknown[]) => void;
    const listing = provider.list({ limit: 2 });
    vi.spyOn(fs, "lstat").mockImplementation(((...args: unknown[]) => {
      fs.rmSync(root, { recursive: true, force: true });
      original(...args);
    }) as unknown as typeof fs.lstat);
    expect(await code(listing)).toBe("Unavailable");
  });

  it.skipIf(isRoot)("is PermissionDenied, and not short, when a folder may not be read", async () => {
    const root = await folder();
    await adopt(root, ["a/1", "b/1"]);
    await chmod(join(root, "a"), 0o000);
    const outcome = await code(open(root).list({}));
    await chmod(join(root, "a"), 0o700);
    expect(outcome).toBe("PermissionDenied");
  });
});

describe("a listing through a storage", () => {
  it("goes through all pages of a large flat folder", async () => {
    const root = await folder();
    const names = Array.from({ length: 2_500 }, (_, index) => `${String(index).padStart(5, "0")}.bin`);
    await adopt(root, names);
    const found: string[] = [];
    for await (const { key } of createStorage(open(root)).list()) found.push(key);
    expect(found).toEqual(names);
  });

  it("can be used to delete what it finds", async () => {
    const root = await folder();
    const storage = createStorage(open(root, { durability: "rename" }));
    for (let index = 0; index < 30; index++) await storage.put(`${index % 3}/${index}`, "x");
    for await (const { key } of storage.list({ limit: 4 })) await storage.delete(key);
    expect(await keys(storage.provider)).toEqual([]);
  });
});

describe("a file that somebody else writes", () => {
  it("is listed with the size that it has now", async () => {
    const root = await folder();
    await adopt(root, ["a"]);
    const provider = open(root);
    await writeFile(join(root, "a"), "longer than before");
    expect((await provider.list({})).objects[0]?.size).toBe(18);
    await unlink(join(root, "a"));
    await rm(join(root, "a"), { force: true });
    expect(await keys(provider)).toEqual([]);
  });
});
