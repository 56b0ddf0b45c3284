import { compareKeys } from "@stowage/core/provider";
import { type StorageProvider } from "@stowage/core";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { local } from "./local.js";
import { portableLayout } from "./portable-layout.js";
import { folder, keys, open, put, text } from "./testing/disk.test-support.js";
import { oddKeys, randomKey } from "./testing/odd-keys.test-support.js";
import { randomNumbers, seed } from "./testing/random.test-support.js";

const NAME_BYTES_MAX = 255;
const KEYS = oddKeys();

/** Keys in the order of listings, by the bytes themselves. */
function sorted(list: readonly string[]): string[] {
  return list.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

describe.each([
  { fold: false, name: "tells A from a" },
  { fold: true, name: "takes A and a for one name" },
])("the portable layout on a file system that $name", ({ fold }) => {
  const layout = portableLayout(fold);
  const names = KEYS.map((key) => layout.toPath(key));
  /** How such a file system would see a name. */
  const seen = (path: string): string => (fold ? path.toLowerCase() : path);

  it("is tried with more than 400 odd keys", () => {
    expect(KEYS.length).toBeGreaterThan(400);
  });

  it("gives every key a path of its own", () => {
    expect(new Set(names.map(seen)).size).toBe(KEYS.length);
  });

  it("makes no file of one key a folder of another", () => {
    const paths = new Set(names.map(seen));
    const folders = names.flatMap((path) =>
      path.split("/").map((_, index, parts) => parts.slice(0, index).join("/")),
    );
    expect(folders.map(seen).filter((path) => paths.has(path))).toEqual([]);
  });

  it("finds the key of each path again", () => {
    expect(names.map((path) => layout.toKey(path))).toEqual(KEYS);
  });

  it("uses no name that a file system could refuse or change", () => {
    const odd = names
      .flatMap((path) => path.split("/"))
      .filter((name) => !/^[A-Za-z0-9_\-,=@+()%][A-Za-z0-9_\-.,=@+()%]*$/.test(name) || name.endsWith("."));
    expect(odd).toEqual([]);
  });

  it("uses no name of a Windows device", () => {
    const devices = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
    expect(names.flatMap((path) => path.split("/")).filter((name) => devices.test(name))).toEqual([]);
  });

  it("uses no name longer than file systems take", () => {
    const lengths = names.flatMap((path) => path.split("/")).map((name) => Buffer.byteLength(name));
    expect(Math.max(...lengths)).toBeLessThanOrEqual(NAME_BYTES_MAX);
  });

  it("has no key for a path that no key leads to", () => {
    const strangers = [
      "%61",
      "a%2f",
      "a%2",
      "%",
      "%+",
      "a%/",
      "a%%/b",
      "a b",
      "é",
      "%FF",
      ".a",
      "a.",
      "con",
      "a%+/b",
      "%_",
    ];
    expect(strangers.map((path) => layout.toKey(path))).toEqual(strangers.map(() => undefined));
  });

  it(`keeps these promises for random keys (seed ${seed})`, () => {
    const random = randomNumbers();
    const found = [...new Set(Array.from({ length: 3_000 }, () => randomKey(random)))];
    const paths = found.map((key) => layout.toPath(key));
    expect(paths.map((path) => layout.toKey(path))).toEqual(found);
    expect(new Set(paths.map(seen)).size).toBe(found.length);
    expect(paths.flatMap((path) => path.split("/")).filter((name) => name.length > NAME_BYTES_MAX)).toEqual(
      [],
    );
  });
});

it("the portable layout keeps keys that are safe anyway readable", () => {
  expect(portableLayout(false).toPath("videos/2026/Clip_1.mp4")).toBe("videos%/2026%/Clip_1.mp4");
});

it("the portable layout encodes upper-case letters where the file system takes them for lower-case ones", () => {
  expect(portableLayout(true).toPath("Clip.mp4")).toBe("%43lip.mp4");
});

describe("a store that holds all odd keys at once, in the portable layout", () => {
  let root: string;
  let provider: StorageProvider;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "stowage-odd-"));
    provider = local({ root, layout: "portable", durability: "rename" });
    for (const key of KEYS) await put(provider, key, `content of ${key}`);
  });

  afterAll(async () => {
    await provider.close?.();
    await rm(root, { recursive: true });
  });

  it("gives back the content of each", async () => {
    for (const key of KEYS) expect(await text(provider, key)).toBe(`content of ${key}`);
  });

  it("lists them in UTF-8 order, whatever the size of a page", async () => {
    const expected = sorted(KEYS);
    expect(expected).toEqual(KEYS.toSorted(compareKeys));
    for (const limit of [1000, 31]) expect(await keys(provider, { limit })).toEqual(expected);
  });

  it("lists the keys below any prefix, also one that ends inside a long segment or a character's encoding", async () => {
    const long = "x".repeat(198);
    for (const prefix of [long.slice(8), long, `${long}.`, "é".repeat(65), "a/", "a", "%2", "😀"]) {
      const expected = sorted(KEYS.filter((key) => key.startsWith(prefix)));
      expect(await keys(provider, { prefix, limit: 5 })).toEqual(expected);
    }
  });
});

describe("a store in the portable layout", () => {
  it(`lists random keys in UTF-8 order, from any of them on (seed ${seed})`, async () => {
    const provider = open(await folder(), { layout: "portable", durability: "rename" });
    const random = randomNumbers();
    const found = [...new Set(Array.from({ length: 200 }, () => randomKey(random)))];
    await Promise.all(found.map((key) => put(provider, key, "x")));
    expect(await keys(provider, { limit: 9 })).toEqual(sorted(found));
  });

  it("rolls up what lies behind a delimiter, also behind a segment that was cut", async () => {
    const provider = open(await folder(), { layout: "portable", durability: "rename" });
    const long = "x".repeat(250);
    for (const key of [`${long}/a`, `${long}/b`, long, `${long}-`, "y/z"]) await put(provider, key, "x");
    const page = await provider.list({ delimiter: "/" });
    expect(page.objects.map(({ key }) => key)).toEqual([long, `${long}-`]);
    expect(page.prefixes).toEqual([`${long}/`, "y/"]);
  });

  it("does not list a file that has not the name of any key", async () => {
    const root = await folder();
    const provider = open(root, { layout: "portable" });
    await put(provider, "a", "x");
    for (const name of ["%61", "b c", "é", "%0A", "con"])
      await writeFile(`${root}/objects/${name}`, "stranger");
    expect(await keys(provider)).toEqual(["a"]);
    expect(await readdir(`${root}/objects`)).toHaveLength(6);
  });

  it("holds a and a/b side by side, in both orders", async () => {
    for (const order of [
      ["a", "a/b"],
      ["a/b", "a"],
    ]) {
      const provider = open(await folder(), { layout: "portable" });
      for (const key of order) await put(provider, key, key);
      expect(await keys(provider)).toEqual(["a", "a/b"]);
      for (const key of order) expect(await text(provider, key)).toBe(key);
    }
  });
});
