import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { readAll } from "../context.js";
import { factsOf, rejects, sameBytes } from "../expect.js";
import type { Rule, RuleContext } from "../rule.js";
import { pattern } from "../sources.js";

const LARGE = pattern(2 * 1024 * 1024);

/** The rules about reading whole objects. */
export const getRules: readonly Rule[] = [
  {
    title: "get of a missing key rejects with NotFound",
    run: async ({ get }) => {
      await rejects("NotFound", get("missing.txt"));
    },
  },
  {
    title: "get of a folder's name rejects with NotFound",
    run: async ({ put, get }) => {
      await put("folder/a.txt", "abc");
      await rejects("NotFound", get("folder"));
    },
  },
  {
    title: "if a.txt is an object, get of a.txt/below.txt rejects with NotFound",
    run: async ({ put, get }) => {
      await put("a.txt", "abc");
      await rejects("NotFound", get("a.txt/below.txt"));
    },
  },
  {
    title: "get gives the facts that head gives",
    run: async ({ put, get, head }) => {
      await put("a.txt", "abc", { cacheControl: "no-cache", contentDisposition: "inline" });
      const result = await get("a.txt");
      await readAll(result);
      assert.deepEqual(factsOf(result.info), factsOf(await head("a.txt")));
    },
  },
  {
    title: "a get without a range does not return a range",
    run: async ({ put, get }) => {
      await put("a.txt", "abc");
      const result = await get("a.txt");
      await readAll(result);
      assert.equal(result.range, undefined);
    },
  },
  {
    title: "two simultaneous reads of one object do not share a position",
    run: async ({ put, get, provider }) => {
      await put("a.bin", LARGE);
      const results = [await get("a.bin"), await get("a.bin")];
      const found = await Promise.all(results.map(readAll));
      if (provider.supports.byteExact) for (const bytes of found) sameBytes(bytes, LARGE);
    },
  },
  {
    title: "20 objects can be read at the same time",
    run: async ({ put, holds }) => {
      const names = Array.from({ length: 20 }, (_, index) => `${index}.txt`);
      await Promise.all(names.map((name) => put(name, `content of ${name}`)));
      await Promise.all(names.map((name) => holds(name, `content of ${name}`)));
    },
  },
  {
    title: "a body closes if it is destroyed before its end",
    run: async ({ put, get }) => {
      await put("a.bin", LARGE);
      await abandon(get, "a.bin");
    },
  },
  {
    title: "20 abandoned reads leave no open file or socket",
    run: async ({ put, get, holds }) => {
      await put("a.bin", LARGE);
      await abandon(get, "a.bin");
      const before = await openDescriptors();
      for (let round = 0; round < 20; round++) await abandon(get, "a.bin");
      const left = (await openDescriptors()) - before;
      assert.ok(left < 10, `${left} files or sockets are left open`);
      await holds("a.bin", LARGE);
    },
  },
  {
    title: "if an object is replaced during a read, the read gives the whole old object or fails",
    needs: ["overwrite"],
    run: async ({ put, get }) => {
      await put("a.bin", LARGE);
      const result = await get("a.bin");
      await put("a.bin", pattern(LARGE.byteLength, 7));
      await wholeOrError(result, LARGE);
    },
  },
  {
    title: "if an object is deleted during a read, the read gives the whole object or fails",
    run: async ({ put, get, remove }) => {
      await put("a.bin", LARGE);
      const result = await get("a.bin");
      await remove("a.bin");
      await wholeOrError(result, LARGE);
    },
  },
  {
    title: "get with the right ifMatch reads the object",
    run: async ({ put, read }) => {
      const { etag } = await put("a.txt", "abc");
      assert.equal((await read("a.txt", { ifMatch: etag })).byteLength, 3);
    },
  },
  {
    title: "get with a wrong ifMatch rejects with PreconditionFailed",
    run: async ({ put, get }) => {
      await put("a.txt", "abc");
      await rejects("PreconditionFailed", get("a.txt", { ifMatch: '"0123456789abcdef"' }));
    },
  },
  {
    title: "get of a missing key with ifMatch rejects with NotFound",
    run: async ({ get }) => {
      await rejects("NotFound", get("missing.txt", { ifMatch: '"0123456789abcdef"' }));
    },
  },
  {
    title: "get with the etag of a replaced object rejects with PreconditionFailed",
    needs: ["overwrite"],
    run: async ({ put, get }) => {
      const { etag } = await put("a.txt", "first");
      await put("a.txt", "other");
      await rejects("PreconditionFailed", get("a.txt", { ifMatch: etag }));
    },
  },
];

/** Gets an object, reads one byte of its stream, and destroys the stream. */
async function abandon(get: RuleContext["get"], name: string): Promise<void> {
  const { body } = await get(name);
  if (body instanceof Uint8Array) return;
  await once(body, "readable");
  body.read(1);
  if (body.destroyed) return;
  const closed = once(body, "close");
  body.destroy();
  await closed;
}

/** Counts the open files and sockets of this process. Returns 0 on systems without `/proc`. */
async function openDescriptors(): Promise<number> {
  const names = await readdir("/proc/self/fd").catch(() => []);
  return names.length;
}

async function wholeOrError(result: Parameters<typeof readAll>[0], expected: Uint8Array): Promise<void> {
  const bytes = await readAll(result).catch(() => undefined);
  if (bytes !== undefined) sameBytes(bytes, expected);
}
