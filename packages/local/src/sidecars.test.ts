import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ObjectInfo } from "@stowage/core";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { generationName } from "./generation.js";
import {
  CHECKS,
  LAYOUTS,
  code,
  folder,
  idle,
  keys,
  open,
  put,
  read,
  sidecars,
  system,
  text,
} from "./testing/disk.test-support.js";

const CASES = LAYOUTS.flatMap((layout) => CHECKS.map((symlinkCheck) => ({ layout, symlinkCheck })));
const FILE = { plain: "a.txt", portable: "objects/a.txt" } as const;
const HOUR_MS = 60 * 60 * 1000;

afterEach(() => {
  vi.useRealTimers();
});

describe.each(CASES)("a sidecar ($layout, $symlinkCheck)", (variant) => {
  it("is written only when there is something to record", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a.txt", "x");
    await put(provider, "b.txt", "x", { contentType: "text/plain", metadata: {} });
    expect(await sidecars(root)).toEqual([]);
    await put(provider, "c.txt", "x", { contentType: "text/html" });
    await put(provider, "d.txt", "x", { writeId: "w" });
    expect(await sidecars(root)).toHaveLength(2);
  });

  it("goes with its object", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a.txt", "x", { metadata: { a: "b" } });
    await provider.delete("a.txt", {});
    expect(await sidecars(root)).toEqual([]);
  });

  it("goes with the version that it belongs to", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a.txt", "x", { metadata: { a: "b" } });
    await put(provider, "a.txt", "x", { metadata: { a: "c" } });
    expect(await sidecars(root)).toHaveLength(1);
    await put(provider, "a.txt", "x");
    expect(await sidecars(root)).toEqual([]);
    expect((await read(provider, "a.txt")).info.metadata).toBeUndefined();
  });

  it("is not left by a put whose condition does not hold", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a.txt", "x", { metadata: { a: "b" } });
    const before = await sidecars(root);
    await code(put(provider, "a.txt", "y", { ifNoneMatch: "*", metadata: { a: "c" } }));
    await code(put(provider, "a.txt", "y", { ifMatch: '"x"', metadata: { a: "c" } }));
    expect(await sidecars(root)).toEqual(before);
    expect((await read(provider, "a.txt")).info.metadata).toEqual({ a: "b" });
  });

  it("does not outlive what somebody else writes over the file", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a.txt", "mine", { metadata: { a: "b" }, contentType: "text/html" });
    await writeFile(join(root, FILE[variant.layout]), "other, and longer");
    const { info } = await read(provider, "a.txt");
    expect([info.metadata, info.contentType]).toEqual([undefined, "text/plain"]);
  });

  it("is not shown for a file of the same size that somebody else put in its place", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a.txt", "mine", { metadata: { a: "b" } });
    const path = join(root, FILE[variant.layout]);
    await writeFile(`${path}.new`, "else");
    await rm(path);
    await copyFile(`${path}.new`, path);
    expect((await read(provider, "a.txt")).info.metadata).toBeUndefined();
  });

  it.each(["cp", "tar", "rsync-like"])(
    "comes back with a tree that was copied with its times (%s)",
    async (how) => {
      const root = await folder();
      const provider = open(root, variant);
      await put(provider, "a.txt", "content", { metadata: { a: "b" } });
      await put(provider, "b/c.bin", "content", { contentType: "video/mp4" });
      const paths = [FILE[variant.layout], variant.layout === "plain" ? "b/c.bin" : "objects/b%/c.bin"];
      await provider.close?.();
      const copy = `${root}-copy`;
      onTestFinished(() => rm(copy, { recursive: true, force: true }));
      // A copy is told by its time of change, which cannot be set, and is later than that of its content.
      const past = new Date(Math.floor(Date.now() / 1000 - 60) * 1000);
      for (const path of paths) await makeOlder(root, path, past);
      if (how === "cp") system("cp", "-a", root, copy);
      else if (how === "tar")
        system("sh", "-c", `mkdir "$1" && tar -C "$0" -c --format=posix . | tar -C "$1" -x`, root, copy);
      else await copyTree(root, copy);
      const restored = open(copy, variant);
      if (how !== "rsync-like") {
        for (const path of paths)
          expect((await stat(join(copy, path))).mtimeMs).toBe((await stat(join(root, path))).mtimeMs);
      }
      expect((await restored.head("a.txt", {})).metadata).toEqual(
        how === "rsync-like" ? undefined : { a: "b" },
      );
      expect((await read(restored, "b/c.bin")).info.contentType).toBe(
        how === "rsync-like" ? "application/octet-stream" : "video/mp4",
      );
      expect(await text(restored, "a.txt")).toBe("content");
    },
  );
});

/** Makes an object look as if it had been put a while ago. */
async function makeOlder(root: string, path: string, date: Date): Promise<void> {
  const full = join(root, path);
  const before = generationName(await stat(full, { bigint: true }));
  await utimes(full, date, date);
  const after = generationName(await stat(full, { bigint: true }));
  const sidecar = (await sidecars(root)).find((name) => name.includes(before)) ?? "";
  await rename(join(root, sidecar), join(root, sidecar.replace(before, after)));
}

/** A copy that keeps times only to the millisecond: its files are other versions. */
async function copyTree(from: string, to: string): Promise<void> {
  system("cp", "-r", from, to);
  const found = system("find", from, "-type", "f").trim().split("\n");
  for (const path of found) {
    const { atime } = await stat(path);
    await utimes(path.replace(from, to), atime, new Date(0));
  }
}

describe("a sidecar that is damaged", () => {
  const DAMAGED = [
    "",
    "{",
    "null",
    "[]",
    "42",
    '{"version":1,"key":"b.txt","metadata":{"a":"b"}}',
    '{"version":2,"key":"a.txt"}',
    '{"version":1,"key":"a.txt","metadata":{"a":1}}',
    '{"version":1,"key":"a.txt","metadata":"x"}',
    '{"version":1,"key":"a.txt","contentType":7}',
    '{"version":1,"key":"a.txt","sample":7}',
  ];

  it.each(DAMAGED)("is Integrity, never an object without its facts: %s", async (damage) => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a.txt", "x", { metadata: { a: "b" } });
    const [sidecar = ""] = await sidecars(root);
    await writeFile(join(root, sidecar), damage);
    expect(await code(provider.get("a.txt", {}))).toBe("Integrity");
    expect(await code(provider.head("a.txt", {}))).toBe("Integrity");
    expect(await code(provider.copy?.("a.txt", "b.txt", {}) ?? Promise.resolve())).toBe("Integrity");
    expect(await keys(provider)).toEqual(["a.txt"]);
  });

  it("goes away when its object is put again, or deleted", async () => {
    const root = await folder();
    const provider = open(root);
    for (const mend of [() => put(provider, "a.txt", "x"), () => provider.delete("a.txt", {})]) {
      await put(provider, "a.txt", "x", { metadata: { a: "b" } });
      const [sidecar = ""] = await sidecars(root);
      await writeFile(join(root, sidecar), "{");
      await mend();
      expect(await sidecars(root)).toEqual([]);
    }
  });

  it.each(["sidecar", "folder of a key", "bucket"])(
    "is Integrity when it is not even of its kind: the %s",
    async (what) => {
      const root = await folder();
      const provider = open(root);
      await put(provider, "a.txt", "x", { metadata: { a: "b" } });
      const [sidecar = ""] = await sidecars(root);
      await idle(root);
      const path = join(
        root,
        what === "sidecar" ? sidecar : what === "bucket" ? dirname(dirname(sidecar)) : dirname(sidecar),
      );
      await rm(path, { recursive: true });
      if (what === "sidecar") await mkdir(path);
      else await writeFile(path, "");
      expect(await code(provider.get("a.txt", {}))).toBe("Integrity");
      expect(await code(provider.head("a.txt", {}))).toBe("Integrity");
      expect(await keys(provider)).toEqual(["a.txt"]);
    },
  );
});

describe("sidecars that a killed process left", () => {
  async function orphaned(): Promise<string> {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a.txt", "x", { metadata: { a: "b" } });
    const [sidecar = ""] = await sidecars(root);
    await copyFile(join(root, sidecar), join(root, dirname(sidecar), "1-orphan-1.json"));
    return root;
  }

  it("are not shown", async () => {
    const root = await orphaned();
    expect((await open(root).head("a.txt", {})).metadata).toEqual({ a: "b" });
  });

  it("stay while they may be those of a writer that is still at work", async () => {
    const root = await orphaned();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR_MS - 60_000 });
    await put(open(root), "a.txt", "y");
    expect(await sidecars(root)).toHaveLength(1);
  });

  it("are removed by a later put of their key", async () => {
    const root = await orphaned();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR_MS + 60_000 });
    await put(open(root), "a.txt", "y", { metadata: { a: "c" } });
    expect(await sidecars(root)).toHaveLength(1);
    expect((await open(root).head("a.txt", {})).metadata).toEqual({ a: "c" });
  });
});

describe("facts that another process records", () => {
  it("are seen also when their folder has just been removed and made anew", async () => {
    const root = await folder();
    const [reader, writer] = [open(root), open(root, { symlinkCheck: "realpath", durability: "rename" })];
    for (let round = 0; round < 120; round++) {
      await put(writer, "a.txt", "x", { metadata: { round: `${round}` } });
      expect((await reader.head("a.txt", {})).metadata).toEqual({ round: `${round}` });
      await writer.delete("a.txt", {});
    }
  });

  it("are seen at once, also the first of a root whose reader has just seen that there are none", async () => {
    for (let round = 0; round < 20; round++) {
      const root = await folder();
      const [reader, writer] = [open(root), open(root, { durability: "rename" })];
      await put(writer, "a.txt", "x");
      const past = new Date(Date.now() - HOUR_MS);
      await utimes(join(root, ".stowage", "meta"), past, past);
      let isWritten = false;
      const written = put(writer, "a.txt", "yy", { metadata: { a: "b" } }).then(() => (isWritten = true));
      const seen: ObjectInfo[] = [];
      // Looks all the time, so that what it knows of the folder is always fresh.
      while (!isWritten) seen.push(await reader.head("a.txt", {}));
      await written;
      seen.push(await reader.head("a.txt", {}));
      expect(seen.filter(({ size, metadata }) => size === 2 && metadata === undefined)).toEqual([]);
      expect(seen.at(-1)?.metadata).toEqual({ a: "b" });
    }
  });

  it("are seen at once, although most reads ask the disk for none", async () => {
    const root = await folder();
    const [reader, writer] = [open(root), open(root, { durability: "rename" })];
    for (let index = 0; index < 80; index++) {
      await put(writer, `${index}.txt`, "x");
      expect((await reader.head(`${index}.txt`, {})).metadata).toBeUndefined();
      await put(writer, `${index}.txt`, "y", { metadata: { index: `${index}` } });
      expect((await read(reader, `${index}.txt`)).info.metadata).toEqual({ index: `${index}` });
    }
  });
});

describe("what is in a sidecar", () => {
  it("is readable by people", async () => {
    const root = await folder();
    await put(open(root), "a.txt", "x", { metadata: { a: "ä" }, cacheControl: "no-store" });
    const [sidecar = ""] = await sidecars(root);
    expect(JSON.parse(await readFile(join(root, sidecar), "utf8"))).toEqual({
      version: 1,
      key: "a.txt",
      sample: createHash("sha256").update("x").digest("base64url"),
      cacheControl: "no-store",
      metadata: { a: "ä" },
    });
  });
});
