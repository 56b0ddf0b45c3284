import assert from "node:assert/strict";
import { Readable } from "node:stream";
import type { Body } from "@stowage/core/provider";
import type { Rule } from "../rule.js";
import { pattern } from "../sources.js";

/**
 * The rules about ownership. A provider keeps its own copy of the caller's bytes, metadata and options. No verb needs `this`.
 */
export const ownershipRules: readonly Rule[] = [
  {
    title: "changing the caller's bytes after the put does not change the object",
    run: async ({ put, holds }) => {
      const bytes = pattern(5000);
      const before = bytes.slice();
      await put("a.bin", bytes);
      bytes.fill(0);
      await holds("a.bin", before);
    },
  },
  {
    title: "a put does not change the caller's bytes",
    run: async ({ put }) => {
      const bytes = pattern(5000);
      await put("a.bin", bytes);
      assert.equal(Buffer.compare(bytes, pattern(5000)), 0);
    },
  },
  {
    title: "changing the bytes returned by a read does not change the object",
    run: async ({ put, read, holds }) => {
      await put("a.bin", pattern(5000));
      (await read("a.bin")).fill(0);
      await holds("a.bin", pattern(5000));
    },
  },
  {
    title: "changing the caller's metadata after the put does not change the object",
    needs: ["metadata"],
    run: async ({ put, head }) => {
      const metadata: Record<string, string> = { author: "ada" };
      await put("a.txt", "abc", { metadata });
      metadata["author"] = "mallory";
      assert.equal((await head("a.txt")).metadata?.["author"], "ada");
    },
  },
  {
    title: "no verb changes its options, so the options can be frozen",
    needs: ["list"],
    run: async ({ provider, key, put }) => {
      await put("a.txt", "abc");
      await provider.put(key("b.txt"), bodyOf("b"), Object.freeze({ cacheControl: "no-cache" }));
      const { body } = await provider.get(key("a.txt"), Object.freeze({}));
      if (!(body instanceof Uint8Array)) body.destroy();
      await provider.head(key("a.txt"), Object.freeze({}));
      await provider.list(Object.freeze({ prefix: key("") }));
      await provider.delete(key("a.txt"), Object.freeze({}));
    },
  },
  {
    title: "every verb works as a detached function, without `this`",
    needs: ["list"],
    run: async ({ provider, key, put, lacks }) => {
      await put("a.txt", "abc");
      const { get, head, list, ref, locate, delete: remove } = provider;
      const { put: detachedPut } = provider;
      await detachedPut(key("b.txt"), bodyOf("b"), {});
      const result = await get(key("a.txt"), {});
      if (!(result.body instanceof Uint8Array)) result.body.destroy();
      await head(key("a.txt"), {});
      await list({ prefix: key("") });
      locate(ref(key("a.txt")));
      await remove(key("a.txt"), {});
      await lacks("a.txt");
    },
  },
];

function bodyOf(text: string): Body {
  const bytes = Buffer.from(text);
  return { size: bytes.byteLength, replayable: true, bytes, open: () => Readable.from([bytes]) };
}
