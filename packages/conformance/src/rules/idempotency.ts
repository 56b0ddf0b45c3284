import assert from "node:assert/strict";
import { rejects, rejectsType } from "../expect.js";
import type { Rule } from "../rule.js";
import { inChunks, pattern } from "../sources.js";

/** The rules about the idempotency key. */
export const idempotencyRules: readonly Rule[] = [
  {
    title:
      "a repeated put with the same idempotency key and the same bytes returns the result of the first put",
    needs: ["metadata"],
    run: async ({ storage, key }) => {
      const options = { idempotencyKey: "upload 42" };
      const first = await storage.put(key("a.txt"), "abc", options);
      const second = await storage.put(key("a.txt"), "abc", options);
      assert.deepEqual([second.etag, second.size], [first.etag, first.size]);
    },
  },
  {
    title:
      "a repeated put with the same idempotency key and other bytes rejects with Conflict, and the first object stays",
    needs: ["metadata"],
    run: async ({ storage, key, holds }) => {
      const options = { idempotencyKey: "upload 42" };
      await storage.put(key("a.txt"), "abc", options);
      await rejects("Conflict", storage.put(key("a.txt"), "xyz", options));
      await holds("a.txt", "abc");
    },
  },
  {
    title: "a put with another idempotency key replaces the object",
    needs: ["metadata", "overwrite"],
    run: async ({ storage, key, holds }) => {
      await storage.put(key("a.txt"), "abc", { idempotencyKey: "one" });
      await storage.put(key("a.txt"), "xyz", { idempotencyKey: "two" });
      await holds("a.txt", "xyz");
    },
  },
  {
    title: "a stream that is put twice with the same idempotency key is stored only once",
    needs: ["metadata"],
    run: async ({ storage, key, holds }) => {
      const bytes = pattern(150_000);
      const options = { idempotencyKey: "upload 42" };
      const first = await storage.put(key("a.bin"), inChunks(bytes, 40_000), options);
      const second = await storage.put(key("a.bin"), inChunks(bytes, 7000), options);
      assert.equal(second.etag, first.etag);
      await holds("a.bin", bytes);
    },
  },
  {
    title: "an idempotency key that is not a string of 1 to 200 characters is refused with TypeError",
    needs: ["metadata"],
    run: async ({ storage, key, lacks }) => {
      for (const wrong of ["", "x".repeat(201), 42, {}] as readonly unknown[]) {
        await rejectsType(storage.put(key("a.txt"), "abc", { idempotencyKey: wrong as string }));
      }
      await lacks("a.txt");
    },
  },
  {
    title: "if the provider keeps no metadata, an idempotency key is refused with Unsupported",
    needs: ["!metadata"],
    run: async ({ storage, key, lacks }) => {
      await rejects("Unsupported", storage.put(key("a.txt"), "abc", { idempotencyKey: "upload 42" }));
      await lacks("a.txt");
    },
  },
];
