import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fromFile, type BodyInput } from "@stowage/core";
import { rejects, rejectsType, sameBytes } from "../expect.js";
import type { Rule } from "../rule.js";
import { inChunks, pattern } from "../sources.js";

const BYTES = pattern(100_001);

/** Makes the rule for one kind of body that the facade accepts. */
export function accepts(kind: string, make: () => BodyInput, expected: Uint8Array = BYTES): Rule {
  return {
    title: `${kind} can be stored`,
    run: async ({ storage, key, holds }) => {
      const info = await storage.put(key("a.bin"), make());
      assert.equal(info.size, expected.byteLength);
      await holds("a.bin", expected);
    },
  };
}

function webStream(): ReadableStream<Uint8Array> {
  return new Blob([BYTES]).stream();
}

/** The rules about the kinds of values that put accepts as a body. */
export const bodyRules: readonly Rule[] = [
  accepts("a string", () => "ASCII and naïve 😀", Buffer.from("ASCII and naïve 😀")),
  accepts("a Uint8Array", () => BYTES),
  accepts(
    "a view into a larger buffer",
    () => pattern(120_000).subarray(99, 100_100),
    pattern(120_000).slice(99, 100_100),
  ),
  accepts("an ArrayBuffer", () => BYTES.slice().buffer),
  accepts("a Blob", () => new Blob([BYTES])),
  accepts("a Node stream", () => Readable.from(inChunks(BYTES, 7000), { objectMode: false })),
  accepts("a Web stream", webStream),
  accepts("an async iterable of bytes", () => inChunks(BYTES, 9999)),
  accepts("a Request", () => new Request("http://localhost/", { method: "POST", body: BYTES })),
  accepts("a function that returns bytes", () => () => BYTES),
  accepts("a function that returns a promise of a stream", () => async () => inChunks(BYTES, 5000)),
  {
    title: "a file given by its path can be stored",
    run: async ({ storage, key, holds, directory }) => {
      const path = join(await directory(), "source.bin");
      await writeFile(path, BYTES);
      const info = await storage.put(key("a.bin"), fromFile(path));
      assert.equal(info.size, BYTES.byteLength);
      await holds("a.bin", BYTES);
    },
  },
  {
    title: "a stream of very many small chunks can be stored",
    run: async ({ put, holds }) => {
      await put("a.bin", inChunks(BYTES.subarray(0, 5000), 3));
      await holds("a.bin", BYTES.subarray(0, 5000));
    },
  },
  {
    title: "empty chunks in a stream change nothing",
    run: async ({ put, holds }) => {
      const nothing = new Uint8Array(0);
      await put("a.bin", chunks([nothing, BYTES, nothing, nothing, BYTES, nothing]));
      await holds("a.bin", Buffer.concat([BYTES, BYTES]));
    },
  },
  {
    title: "a stream of the declared size can be stored",
    run: async ({ put, holds }) => {
      await put("a.bin", inChunks(BYTES, 30_000), { size: BYTES.byteLength });
      await holds("a.bin", BYTES);
    },
  },
  {
    title: "a body of the wrong type is refused with TypeError, and nothing is written",
    run: async ({ storage, key, lacks }) => {
      for (const wrong of [undefined, null, 42, true, {}, [1, 2], Symbol("body")]) {
        await rejectsType(storage.put(key("a.bin"), wrong as BodyInput));
      }
      await lacks("a.bin");
    },
  },
  {
    title: "a declared size that is negative or not a whole number is refused with TypeError",
    run: async ({ storage, key, lacks }) => {
      for (const size of [-1, 1.5, Number.NaN]) await rejectsType(storage.put(key("a.bin"), "abc", { size }));
      await lacks("a.bin");
    },
  },
  {
    title: "a stream that was already read is refused with SourceError, and no empty object is stored",
    run: async ({ storage, key, lacks }) => {
      const stream = Readable.from([Buffer.from("abc")]);
      sameBytes(Buffer.concat(await stream.toArray()), "abc");
      await rejects("SourceError", storage.put(key("a.bin"), stream));
      await lacks("a.bin");
    },
  },
];

async function* chunks(list: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* list;
}
