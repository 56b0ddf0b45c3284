import assert from "node:assert/strict";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fromFile } from "@stowage/core";
import { rejects, sameBytes } from "../expect.js";
import type { Rule } from "../rule.js";
import { failingAfter, inChunks, pattern } from "../sources.js";

const LOST = new Error("the camera was unplugged");
const HALF = pattern(150_000);

/** The rules about bodies that fail, and bodies whose length differs from the declared length. */
export const sourceFailureRules: readonly Rule[] = [
  {
    title:
      "if a source fails before its first byte, the put rejects with SourceError, and the source's error is the cause",
    run: async ({ put, lacks }) => {
      const error = await rejects("SourceError", put("a.bin", failingAfter([], LOST)));
      assert.equal(error.cause, LOST);
      await lacks("a.bin");
    },
  },
  {
    title: "if a source fails in the middle, the put rejects with SourceError, and nothing is written",
    run: async ({ put, lacks }) => {
      const error = await rejects("SourceError", put("a.bin", failingAfter([HALF], LOST)));
      assert.deepEqual([error.cause, error.applied], [LOST, "no"]);
      await lacks("a.bin");
    },
  },
  {
    title: "if a source fails after its last byte, the put rejects with SourceError, and nothing is written",
    run: async ({ put, lacks }) => {
      const source = failingAfter([HALF, HALF], LOST);
      const error = await rejects("SourceError", put("a.bin", source, { size: 2 * HALF.byteLength }));
      assert.equal(error.cause, LOST);
      await lacks("a.bin");
    },
  },
  {
    title: "a failing source leaves the old object unchanged",
    needs: ["overwrite"],
    run: async ({ put, head, holds }) => {
      const { etag } = await put("a.bin", "the old one");
      await rejects("SourceError", put("a.bin", failingAfter([HALF], LOST)));
      await holds("a.bin", "the old one");
      assert.equal((await head("a.bin")).etag, etag);
    },
  },
  {
    title: "the key can be written after a source has failed",
    run: async ({ put, holds }) => {
      await rejects("SourceError", put("a.bin", failingAfter([HALF], LOST)));
      await put("a.bin", "second try");
      await holds("a.bin", "second try");
    },
  },
  {
    title: "a body shorter than its declared size is refused with SourceError, and nothing is written",
    run: async ({ put, lacks }) => {
      await rejects("SourceError", put("a.bin", inChunks(HALF, 9000), { size: HALF.byteLength + 1 }));
      await lacks("a.bin");
    },
  },
  {
    title: "a body longer than its declared size is refused with SourceError, and nothing is written",
    run: async ({ put, lacks }) => {
      await rejects("SourceError", put("a.bin", inChunks(HALF, 9000), { size: HALF.byteLength - 1 }));
      await lacks("a.bin");
    },
  },
  {
    title: "a body with the wrong declared size leaves the old object unchanged",
    needs: ["overwrite"],
    run: async ({ put, holds }) => {
      await put("a.bin", "the old one");
      for (const size of [HALF.byteLength - 1, HALF.byteLength + 1]) {
        await rejects("SourceError", put("a.bin", inChunks(HALF, 9000), { size }));
        await holds("a.bin", "the old one");
      }
    },
  },
  {
    title: "the declared size is also checked for a body in memory",
    run: async ({ storage, key, lacks }) => {
      await rejects("SourceError", storage.put(key("a.bin"), "abc", { size: 4 }));
      await lacks("a.bin");
    },
  },
  {
    title: "a stream that is closed before its end is refused with SourceError, and nothing is written",
    run: async ({ put, lacks }) => {
      let reads = 0;
      const stream = new Readable({
        read() {
          if (reads++ === 0) this.push(HALF);
          else this.destroy();
        },
      });
      await rejects("SourceError", put("a.bin", stream));
      await lacks("a.bin");
    },
  },
  {
    title:
      "a stream that gives something other than bytes is refused with SourceError, and nothing is written",
    run: async ({ put, lacks }) => {
      const source = Readable.from([Buffer.from("abc"), { not: "bytes" }]);
      await rejects("SourceError", put("a.bin", source));
      await lacks("a.bin");
    },
  },
  {
    title:
      "if a put calls a function and the function throws, the put rejects with SourceError, and the thrown error is the cause",
    run: async ({ storage, key, lacks }) => {
      const fail = (): never => {
        throw LOST;
      };
      const error = await rejects("SourceError", storage.put(key("a.bin"), fail));
      assert.equal(error.cause, LOST);
      await lacks("a.bin");
    },
  },
  {
    title: "a put of a missing file rejects with SourceError",
    run: async ({ storage, key, lacks, directory }) => {
      const path = join(await directory(), "missing.bin");
      await rejects("SourceError", storage.put(key("a.bin"), fromFile(path)));
      await lacks("a.bin");
    },
  },
  {
    title: "if a put is refused in the middle of a stream, the stream is closed",
    run: async ({ storage, key }) => {
      const stream = Readable.from(inChunks(HALF, 1000), { objectMode: false });
      await rejects("SourceError", storage.put(key("a.bin"), stream, { size: 5000 }));
      assert.ok(stream.destroyed, "the stream is still open");
    },
  },
  {
    title: "if the provider refuses a put, the stream is closed or can still be read whole",
    needs: ["ifNoneMatch"],
    run: async ({ storage, put, key }) => {
      await put("a.bin", "taken");
      const stream = Readable.from(inChunks(HALF, 1000), { objectMode: false });
      await rejects("AlreadyExists", storage.put(key("a.bin"), stream, { ifNoneMatch: "*" }));
      if (!stream.destroyed) sameBytes(Buffer.concat(await stream.toArray()), HALF);
    },
  },
];
