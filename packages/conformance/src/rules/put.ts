import assert from "node:assert/strict";
import { countResolved, factsOf, handled } from "../expect.js";
import type { Rule } from "../rule.js";
import { gated, inChunks, pattern } from "../sources.js";

/** The rules about puts that succeed, and about reads during and after a put. */
export const putRules: readonly Rule[] = [
  {
    title: "every byte value comes back as it was put",
    run: async ({ put, holds }) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await put("all.bin", bytes);
      await holds("all.bin", bytes);
    },
  },
  {
    title: "a put returns the facts that head returns",
    run: async ({ put, head }) => {
      const info = await put("a.txt", "abc", { cacheControl: "no-cache" });
      assert.deepEqual(factsOf(info), factsOf(await head("a.txt")));
    },
  },
  {
    title: "a put counts bytes, not characters",
    run: async ({ put, head }) => {
      assert.equal((await put("a.txt", "žluť 😀")).size, 11);
      assert.equal((await head("a.txt")).size, 11);
    },
  },
  {
    title: "a put replaces the whole object",
    needs: ["overwrite"],
    run: async ({ put, head, holds }) => {
      await put("a.txt", "a text that is rather long");
      await put("a.txt", "short");
      await holds("a.txt", "short");
      assert.equal((await head("a.txt")).size, 5);
    },
  },
  {
    title: "after a put has replaced an object, every new read gives the new object",
    needs: ["overwrite"],
    run: async ({ put, holds }) => {
      for (let round = 0; round < 5; round++) {
        await put("a.txt", `round ${round}`);
        await holds("a.txt", `round ${round}`);
      }
    },
  },
  {
    title: "a put that replaces an object keeps no header of the old object",
    needs: ["overwrite"],
    run: async ({ put, head }) => {
      await put("a.txt", "old", { cacheControl: "no-store", contentDisposition: "inline" });
      await put("a.txt", "new");
      const { cacheControl, contentDisposition } = await head("a.txt");
      assert.deepEqual([cacheControl, contentDisposition], [undefined, undefined]);
    },
  },
  {
    title: "a put that replaces an object does not keep the content type of the old object",
    needs: ["overwrite"],
    run: async ({ put, head }) => {
      await put("a.mp4", "old", { contentType: "text/html" });
      await put("a.mp4", "new");
      assert.equal((await head("a.mp4")).contentType, "video/mp4");
    },
  },
  {
    title: "a put that replaces an object keeps no metadata of the old object",
    needs: ["overwrite", "metadata"],
    run: async ({ put, head }) => {
      await put("a.txt", "old", { metadata: { author: "ada", title: "one" } });
      await put("a.txt", "new", { metadata: { author: "bob" } });
      assert.deepEqual({ ...(await head("a.txt")).metadata }, { author: "bob" });
      await put("a.txt", "newer");
      assert.deepEqual({ ...(await head("a.txt")).metadata }, {});
    },
  },
  {
    title: "an object does not exist before its put has received all bytes",
    run: async ({ put, lacks, holds }) => {
      const bytes = pattern(20_000);
      const source = gated(bytes);
      const done = handled(put("a.bin", source.stream));
      await Promise.race([source.begun, done]);
      await lacks("a.bin").finally(source.open);
      await done;
      await holds("a.bin", bytes);
    },
  },
  {
    title: "the old object can be read while the new object is being written",
    needs: ["overwrite"],
    run: async ({ put, holds }) => {
      await put("a.bin", "the old one");
      const source = gated(pattern(20_000));
      const done = handled(put("a.bin", source.stream));
      await Promise.race([source.begun, done]);
      await holds("a.bin", "the old one").finally(source.open);
      await done;
      await holds("a.bin", pattern(20_000));
    },
  },
  {
    title: "after simultaneous puts of one key, one of the bodies is stored whole",
    needs: ["overwrite"],
    run: async ({ put, head, read }) => {
      const bodies = [1, 2, 3, 4, 5, 6].map((seed) => pattern(30_000 + seed, seed));
      const puts = bodies.map((bytes) => put("a.bin", inChunks(bytes, 4096)));
      assert.notEqual(await countResolved(puts), 0);
      const found = await read("a.bin");
      const whole = bodies.some((bytes) => Buffer.compare(bytes, found) === 0);
      assert.equal(whole, true);
      assert.equal((await head("a.bin")).size, found.byteLength);
    },
  },
  {
    title: "simultaneous puts of many keys store every object",
    run: async ({ put, holds }) => {
      const names = Array.from({ length: 12 }, (_, index) => `many/${index}.txt`);
      await Promise.all(names.map((name) => put(name, inChunks(Buffer.from(`content of ${name}`), 5))));
      for (const name of names) await holds(name, `content of ${name}`);
    },
  },
  {
    title: "a put of a stream reports progress that never decreases and ends with the size",
    run: async ({ put }) => {
      const seen: number[] = [];
      const onProgress = ({ loaded }: { readonly loaded: number }): void => void seen.push(loaded);
      await put("a.bin", inChunks(pattern(300_000), 50_000), { onProgress });
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      );
      assert.equal(seen.at(-1), 300_000);
    },
  },
  {
    title: "a put of bytes reports progress that ends with the size",
    run: async ({ put }) => {
      const seen: number[] = [];
      await put("a.bin", pattern(70_000), { onProgress: ({ loaded }) => void seen.push(loaded) });
      assert.equal(seen.at(-1), 70_000);
    },
  },
];
