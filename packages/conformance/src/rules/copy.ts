import assert from "node:assert/strict";
import { rejects } from "../expect.js";
import type { Rule } from "../rule.js";
import { pattern } from "../sources.js";

/** The rules about copies and moves through the facade. If the provider has its own `copy`, the facade uses it. */
export const copyRules: readonly Rule[] = [
  {
    title: "a copy has the bytes of its source, and the source stays",
    run: async ({ storage, put, key, holds }) => {
      const bytes = pattern(100_000);
      await put("a.bin", bytes);
      const info = await storage.copy(key("a.bin"), key("folder/b.bin"));
      assert.deepEqual([info.key, info.size], [key("folder/b.bin"), 100_000]);
      await holds("folder/b.bin", bytes);
      await holds("a.bin", bytes);
    },
  },
  {
    title: "a copy has the headers of its source, even if the new key has another extension",
    run: async ({ storage, put, key, head }) => {
      const headers = { contentType: "text/x-own", cacheControl: "no-cache", contentDisposition: "inline" };
      await put("a.txt", "abc", headers);
      await storage.copy(key("a.txt"), key("b.mp4"));
      const { contentType, cacheControl, contentDisposition } = await head("b.mp4");
      assert.deepEqual({ contentType, cacheControl, contentDisposition }, headers);
    },
  },
  {
    title: "a copy has the metadata of its source",
    needs: ["metadata"],
    run: async ({ storage, put, key, head }) => {
      await put("a.txt", "abc", { metadata: { author: "ada" } });
      await storage.copy(key("a.txt"), key("b.txt"));
      assert.deepEqual({ ...(await head("b.txt")).metadata }, { author: "ada" });
    },
  },
  {
    title: "a copy does not carry the write id of its source",
    needs: ["metadata"],
    run: async ({ storage, put, key, head }) => {
      await put("a.txt", "abc", { writeId: "first" });
      await storage.copy(key("a.txt"), key("b.txt"));
      assert.notEqual((await head("b.txt")).writeId, "first");
    },
  },
  {
    title: "a copy has the write id from its options",
    needs: ["copy", "metadata"],
    run: async ({ provider, put, key, head }) => {
      await put("a.txt", "abc", { writeId: "first" });
      await provider.copy?.(key("a.txt"), key("b.txt"), { writeId: "second" });
      assert.equal((await head("b.txt")).writeId, "second");
    },
  },
  {
    title: "a copy with the right sourceIfMatch copies the object",
    run: async ({ storage, put, key, head, holds }) => {
      await put("a.txt", "abc");
      const { etag } = await head("a.txt");
      await storage.copy(key("a.txt"), key("b.txt"), { sourceIfMatch: etag });
      await holds("b.txt", "abc");
    },
  },
  {
    title: "a copy with a wrong sourceIfMatch rejects with PreconditionFailed and creates no object",
    run: async ({ storage, put, key, head, lacks }) => {
      await put("a.txt", "abc");
      await put("c.txt", "another text");
      const { etag } = await head("c.txt");
      await rejects("PreconditionFailed", storage.copy(key("a.txt"), key("b.txt"), { sourceIfMatch: etag }));
      await lacks("b.txt");
    },
  },
  {
    title: "a copy returns the facts of the new object",
    run: async ({ storage, put, key, head }) => {
      await put("a.txt", "abc");
      const info = await storage.copy(key("a.txt"), key("b.txt"));
      const found = await head("b.txt");
      assert.deepEqual(
        [info.key, info.size, info.etag, info.ref],
        [found.key, found.size, found.etag, found.ref],
      );
    },
  },
  {
    title: "a copy replaces the whole target",
    needs: ["overwrite"],
    run: async ({ storage, put, key, head, holds }) => {
      await put("a.txt", "abc");
      await put("b.txt", "a longer text", { cacheControl: "no-store" });
      await storage.copy(key("a.txt"), key("b.txt"));
      await holds("b.txt", "abc");
      assert.equal((await head("b.txt")).cacheControl, undefined);
    },
  },
  {
    title: "a copy of an object onto itself keeps the bytes and headers",
    needs: ["overwrite"],
    run: async ({ storage, put, key, head, holds }) => {
      await put("a.txt", "abc", { cacheControl: "no-cache" });
      await storage.copy(key("a.txt"), key("a.txt"));
      await holds("a.txt", "abc");
      assert.equal((await head("a.txt")).cacheControl, "no-cache");
    },
  },
  {
    title: "a copy and its source are independent",
    needs: ["overwrite"],
    run: async ({ storage, put, key, remove, holds }) => {
      await put("a.txt", "abc");
      await storage.copy(key("a.txt"), key("b.txt"));
      await put("a.txt", "changed");
      await holds("b.txt", "abc");
      await remove("a.txt");
      await holds("b.txt", "abc");
    },
  },
  {
    title: "a copy of a missing object rejects with NotFound and creates no object",
    run: async ({ storage, key, lacks }) => {
      await rejects("NotFound", storage.copy(key("missing.txt"), key("b.txt")));
      await lacks("b.txt");
    },
  },
  {
    title:
      "a create-only copy onto an existing object rejects with AlreadyExists and leaves that object unchanged",
    needs: ["ifNoneMatch"],
    run: async ({ storage, put, key, holds }) => {
      await put("a.txt", "abc");
      await put("b.txt", "taken");
      await rejects("AlreadyExists", storage.copy(key("a.txt"), key("b.txt"), { ifNoneMatch: "*" }));
      await holds("b.txt", "taken");
    },
  },
  {
    title: "a create-only copy to a free key copies the object",
    needs: ["ifNoneMatch"],
    run: async ({ storage, put, key, holds }) => {
      await put("a.txt", "abc");
      await storage.copy(key("a.txt"), key("b.txt"), { ifNoneMatch: "*" });
      await holds("b.txt", "abc");
    },
  },
  {
    title: "if the provider has no copy, a copy through the facade also keeps the bytes and headers",
    run: async ({ provider, createStorage, put, key, head, holds }) => {
      await put("a.txt", "abc", { contentType: "text/x-own", cacheControl: "no-cache" });
      await createStorage({ ...provider, copy: undefined }).copy(key("a.txt"), key("b.txt"));
      await holds("b.txt", "abc");
      const { contentType, cacheControl } = await head("b.txt");
      assert.deepEqual([contentType, cacheControl], ["text/x-own", "no-cache"]);
    },
  },
  {
    title: "after a move, the object is only under its new key",
    run: async ({ storage, put, key, holds, lacks }) => {
      await put("a.txt", "abc");
      const info = await storage.move(key("a.txt"), key("b.txt"));
      assert.equal(info.key, key("b.txt"));
      await holds("b.txt", "abc");
      await lacks("a.txt");
    },
  },
  {
    title: "a move of a missing object rejects with NotFound",
    run: async ({ storage, key, lacks }) => {
      await rejects("NotFound", storage.move(key("missing.txt"), key("b.txt")));
      await lacks("b.txt");
    },
  },
  {
    title: "a move of an object onto itself keeps the object",
    run: async ({ storage, put, key, holds }) => {
      await put("a.txt", "abc");
      await storage.move(key("a.txt"), key("a.txt"));
      await holds("a.txt", "abc");
    },
  },
  {
    title: "if the copy inside a move fails, the source stays",
    run: async ({ provider, createStorage, put, key, holds }) => {
      await put("a.txt", "abc");
      const fail = (): Promise<never> => Promise.reject(new Error("no room"));
      const storage = createStorage({ ...provider, copy: fail, move: undefined });
      await rejects("Unknown", storage.move(key("a.txt"), key("b.txt")));
      await holds("a.txt", "abc");
    },
  },
];
