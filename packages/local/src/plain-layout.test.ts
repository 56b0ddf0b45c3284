import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { plainLayout } from "./plain-layout.js";
import {
  code,
  content,
  entries,
  files,
  folder,
  isThere,
  keys,
  open,
  put,
  read,
  text,
} from "./testing/disk.test-support.js";
import { oddKeys } from "./testing/odd-keys.test-support.js";

/** A folder as an application left it that never heard of Stowage. */
async function uploads(): Promise<string> {
  const root = await folder();
  await mkdir(join(root, "2024/nested"), { recursive: true });
  await mkdir(join(root, "empty"));
  await writeFile(join(root, "cat.jpg"), "a cat");
  await writeFile(join(root, "2024/nested/ünïcode & spaces.mp4"), "a film");
  await writeFile(join(root, "2024/.hidden"), "");
  return root;
}

describe("the plain layout", () => {
  const layout = plainLayout("linux");

  it("keeps keys as they are", () => {
    expect(layout.toPath("a b/%41/é.txt")).toBe("a b/%41/é.txt");
  });

  it("refuses the provider's own folder, in any case of its letters", () => {
    expect(layout.problem(".stowage/tmp/x")).toBeDefined();
    expect(layout.problem(".Stowage")).toBeDefined();
    expect(layout.problem("a/.stowage")).toBeUndefined();
  });

  it("refuses a segment that is longer than 255 bytes", () => {
    expect(layout.problem("x".repeat(255))).toBeUndefined();
    expect(layout.problem("x".repeat(256))).toBeDefined();
    expect(layout.problem(`a/${"é".repeat(128)}/b`)).toBeDefined();
  });

  it("refuses what Windows would change or take for a device, on Windows", () => {
    const windows = plainLayout("win32");
    const refused = ["con", "a/NUL.txt", "a.", "a ", "a:b", "what?", "com¹", 'say "x"'];
    expect(refused.filter((key) => windows.problem(key) === undefined)).toEqual([]);
    expect(refused.filter((key) => layout.problem(key) !== undefined)).toEqual([]);
  });
});

describe("a folder of uploads that is taken over in the plain layout", () => {
  it("can be read as it is", async () => {
    const provider = open(await uploads());
    expect(await text(provider, "2024/nested/ünïcode & spaces.mp4")).toBe("a film");
  });

  it("is listed with sizes and dates, without empty folders", async () => {
    const provider = open(await uploads());
    const { objects } = await provider.list({});
    expect(objects.map(({ key, size }) => [key, size])).toEqual([
      ["2024/.hidden", 0],
      ["2024/nested/ünïcode & spaces.mp4", 6],
      ["cat.jpg", 5],
    ]);
    expect(objects.every(({ lastModified }) => lastModified instanceof Date)).toBe(true);
  });

  it("gets content types from its names, but not in a listing: what is beside a file may say another", async () => {
    const provider = open(await uploads());
    expect((await provider.head("cat.jpg", {})).contentType).toBe("image/jpeg");
    expect((await provider.list({ prefix: "cat" })).objects[0]?.contentType).toBeUndefined();
  });

  it("has ETags by which its files can be replaced and deleted", async () => {
    const provider = open(await uploads());
    const { etag } = await provider.head("cat.jpg", {});
    const next = await put(provider, "cat.jpg", "another cat", { ifMatch: etag });
    expect(await code(provider.delete("cat.jpg", { ifMatch: etag }))).toBe("PreconditionFailed");
    await provider.delete("cat.jpg", { ifMatch: next.etag });
    expect(await code(provider.head("cat.jpg", {}))).toBe("NotFound");
  });

  it("gets another ETag when somebody else writes to a file", async () => {
    const root = await uploads();
    const provider = open(root);
    const before = await provider.head("cat.jpg", {});
    await writeFile(join(root, "cat.jpg"), "a cat, grown");
    expect((await provider.head("cat.jpg", {})).etag).not.toBe(before.etag);
  });

  it("is left untouched by reading", async () => {
    const root = await uploads();
    const provider = open(root);
    await keys(provider);
    await read(provider, "cat.jpg");
    await provider.head("cat.jpg", {});
    await code(provider.get("missing", {}));
    expect(await isThere(join(root, ".stowage"))).toBe(false);
  });

  it("shows what is put into it under its own name to everybody", async () => {
    const root = await uploads();
    await put(open(root), "2025/new.txt", "new");
    expect(await readFile(join(root, "2025/new.txt"), "utf8")).toBe("new");
  });

  it("does not list the provider's own files", async () => {
    const provider = open(await uploads());
    await put(provider, "with/facts", "x", { metadata: { a: "b" } });
    expect(await entries(provider, { delimiter: "/" })).toEqual(["2024/", "cat.jpg", "with/"]);
  });

  it("does not list files whose name is no key", async () => {
    const root = await uploads();
    await writeFile(join(root, "line\nbreak"), "x");
    await writeFile(join(root, "back\\slash"), "x");
    await mkdir(join(root, "tab\tfolder"));
    await writeFile(join(root, "tab\tfolder/inner"), "x");
    await writeFile(Buffer.concat([Buffer.from(`${root}/latin-`), Buffer.from([0xe9])]), "x");
    const provider = open(root);
    expect(await entries(provider, { delimiter: "/" })).toEqual(["2024/", "cat.jpg"]);
    expect(await keys(provider)).toHaveLength(3);
  });
});

describe("a store in the plain layout", () => {
  it("holds odd keys at once, or refuses them with Unsupported", async () => {
    const provider = open(await folder(), { durability: "rename" });
    const held: string[] = [];
    const refused: string[] = [];
    for (const key of oddKeys()) {
      const error = await put(provider, key, key).then(
        () => undefined,
        (failure: unknown) => failure,
      );
      if (error === undefined) held.push(key);
      else refused.push((error as { code: string }).code);
    }
    expect([...new Set(refused)]).toEqual(["Unsupported"]);
    expect(held.length).toBeGreaterThan(250);
    expect(await keys(provider, { limit: 50 })).toEqual(
      held.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    for (const key of held) expect(await text(provider, key)).toBe(key);
  });

  it.each([".stowage/layout.json", ".STOWAGE/x", ".stowage", "x".repeat(256), `a/${"x".repeat(256)}/b`])(
    "refuses to write %s before a byte of it is read",
    async (key) => {
      const root = await folder();
      const provider = open(root);
      await put(provider, "first", "x");
      const body = { replayable: false, open: () => expect.unreachable("the body was opened") };
      expect(await code(provider.put(key, body, {}))).toBe("Unsupported");
      expect(await content(root)).toEqual(["first"]);
    },
  );

  it.each([".stowage/layout.json", "x".repeat(256)])("has no object under %s", async (key) => {
    const provider = open(await folder());
    await put(provider, "first", "x");
    expect(await code(provider.get(key, {}))).toBe("NotFound");
    expect(await code(provider.head(key, {}))).toBe("NotFound");
    await provider.delete(key, {});
    expect(await text(provider, "first")).toBe("x");
  });

  it("refuses a/b beside a, and writes nothing", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a", "file", { metadata: { kept: "yes" } });
    const before = await files(root);
    for (const key of ["a/b", "a/b/c", "a/b/c/d"]) {
      expect(await code(put(provider, key, "x", { metadata: { kept: "no" } }))).toBe("Unsupported");
    }
    expect(await files(root)).toEqual(before);
    expect((await read(provider, "a")).info.metadata).toEqual({ kept: "yes" });
  });

  it.each([{ ifNoneMatch: undefined }, { ifNoneMatch: "*" as const }])(
    "refuses a beside a/b, and writes nothing (%o)",
    async (options) => {
      const root = await folder();
      const provider = open(root);
      await put(provider, "a/b", "file");
      const before = await files(root);
      expect(await code(put(provider, "a", "x", { ...options, metadata: { kept: "no" } }))).toBe(
        "Unsupported",
      );
      expect(await files(root)).toEqual(before);
      expect(await text(provider, "a/b")).toBe("file");
    },
  );

  it("refuses to copy to where the file system cannot hold it", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a", "file");
    const before = await files(root);
    expect(await code(provider.copy?.("a", "a/b", {}) ?? Promise.resolve())).toBe("Unsupported");
    expect(await code(provider.copy?.("a", ".stowage/b", {}) ?? Promise.resolve())).toBe("Unsupported");
    expect(await files(root)).toEqual(before);
  });

  it("has no object under the name of a folder, and does not delete it", async () => {
    const provider = open(await folder());
    await put(provider, "a/b", "file");
    expect(await code(provider.get("a", {}))).toBe("NotFound");
    expect(await code(provider.head("a", {}))).toBe("NotFound");
    await provider.delete("a", {});
    expect(await text(provider, "a/b")).toBe("file");
  });

  it("has no object below a file", async () => {
    const provider = open(await folder());
    await put(provider, "a", "file");
    expect(await code(provider.get("a/b", {}))).toBe("NotFound");
    expect(await code(provider.head("a/b/c", {}))).toBe("NotFound");
    await provider.delete("a/b", {});
    expect(await text(provider, "a")).toBe("file");
  });

  it.each([{ ifNoneMatch: undefined }, { ifNoneMatch: "*" as const }])(
    "puts an object where an empty folder is left over (%o)",
    async (options) => {
      const root = await folder();
      await mkdir(join(root, "left/over"), { recursive: true });
      const provider = open(root);
      await put(provider, "left/over", "file", options);
      expect(await text(provider, "left/over")).toBe("file");
    },
  );

  it("puts an object where the folder of a deleted one was", async () => {
    const provider = open(await folder());
    await put(provider, "a/b/c", "x");
    await provider.delete("a/b/c", {});
    await put(provider, "a", "file");
    expect(await keys(provider)).toEqual(["a"]);
  });
});

describe("a root of the other layout", () => {
  it.each([
    ["plain", "portable"],
    ["portable", "plain"],
  ] as const)("is Misconfigured: %s opened as %s", async (layout, other) => {
    const root = await folder();
    await put(open(root, { layout }), "a", "x");
    const provider = open(root, { layout: other });
    const calls = [
      put(provider, "b", "x"),
      provider.get("a", {}),
      provider.head("a", {}),
      provider.delete("a", {}),
      provider.list({}),
    ];
    expect(await Promise.all(calls.map(code))).toEqual(calls.map(() => "Misconfigured"));
    expect(await keys(open(root, { layout }))).toEqual(["a"]);
  });

  it("is noticed by a provider that opened it before anybody wrote to it", async () => {
    const root = await folder();
    const early = open(root, { layout: "plain" });
    expect(await keys(early)).toEqual([]);
    await put(open(root, { layout: "portable" }), "a", "x");
    expect(await code(put(early, "b", "x"))).toBe("Misconfigured");
  });

  it("is written by one of two that start at the same time", async () => {
    const root = await folder();
    const [plain, portable] = [open(root, { layout: "plain" }), open(root, { layout: "portable" })];
    const results = await Promise.allSettled([put(plain, "a", "x"), put(portable, "a", "x")]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});
