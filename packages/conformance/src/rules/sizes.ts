import assert from "node:assert/strict";
import { sameBytes } from "../expect.js";
import type { Rule } from "../rule.js";
import { inChunks, pattern } from "../sources.js";

const KIB = 1024;
const BLOCKS: readonly (readonly [string, number])[] = [
  ["64 KiB", 64 * KIB],
  ["256 KiB", 256 * KIB],
  ["1 MiB", 1024 * KIB],
  ["5 MiB", 5 * 1024 * KIB],
];

function aroundBlock([name, block]: readonly [string, number]): readonly Rule[] {
  const needs = ["byteExact"] as const;
  const largest = block + 1;
  return [
    {
      title: `objects of ${name}, and of one byte more or less, are stored whole`,
      needs,
      largest,
      run: async ({ put, read }) => {
        for (const size of [block - 1, block, block + 1]) {
          const bytes = pattern(size);
          assert.equal((await put(`${size}.bin`, bytes)).size, size);
          sameBytes(await read(`${size}.bin`), bytes);
        }
      },
    },
    {
      title: `streams of ${name}, and of one byte more or less, are stored whole if their length is unknown`,
      needs,
      largest,
      run: async ({ put, read }) => {
        for (const size of [block - 1, block, block + 1]) {
          const bytes = pattern(size, 2);
          assert.equal((await put(`${size}.bin`, inChunks(bytes, 60_000))).size, size);
          sameBytes(await read(`${size}.bin`), bytes);
        }
      },
    },
  ];
}

/** The rules about sizes: zero bytes, and the sizes at which providers change from one way of writing to the next. */
export const sizeRules: readonly Rule[] = [
  {
    title: "an object of zero bytes can be stored and read",
    needs: ["emptyObject", "list"],
    run: async ({ put, head, read, names }) => {
      assert.equal((await put("empty.bin", "")).size, 0);
      assert.equal((await head("empty.bin")).size, 0);
      assert.equal((await read("empty.bin")).byteLength, 0);
      assert.deepEqual(await names(), ["empty.bin"]);
    },
  },
  {
    title: "a stream that ends without any bytes makes an empty object",
    needs: ["emptyObject"],
    run: async ({ put, head, read }) => {
      await put("empty.bin", inChunks(new Uint8Array(0), 1));
      assert.equal((await head("empty.bin")).size, 0);
      assert.equal((await read("empty.bin")).byteLength, 0);
    },
  },
  {
    title: "an object can be replaced by an empty object",
    needs: ["emptyObject", "overwrite"],
    run: async ({ put, read }) => {
      await put("a.bin", "something");
      await put("a.bin", "");
      assert.equal((await read("a.bin")).byteLength, 0);
    },
  },
  {
    title: "an object of one byte can be stored and read",
    run: async ({ put, holds }) => {
      await put("one.bin", Uint8Array.of(0));
      await holds("one.bin", Uint8Array.of(0));
    },
  },
  ...BLOCKS.flatMap(aroundBlock),
];
