import assert from "node:assert/strict";
import type { PutOptions } from "@stowage/core/provider";
import { countResolved, rejects, rejectsType } from "../expect.js";
import type { Rule } from "../rule.js";
import { inChunks, pattern } from "../sources.js";

const CREATE_ONLY = { ifNoneMatch: "*" } as const;
/** The size of a large body: larger than the first part of any multipart upload. */
const PARTS_BYTES = 6 * 1024 * 1024;

/** The rules about create-only and conditional puts. */
export const conditionRules: readonly Rule[] = [
  {
    title: "a create-only put of a free key writes the object",
    needs: ["ifNoneMatch"],
    run: async ({ put, holds }) => {
      await put("a.txt", "first", CREATE_ONLY);
      await holds("a.txt", "first");
    },
  },
  {
    title: "a create-only put of a taken key rejects with AlreadyExists",
    needs: ["ifNoneMatch"],
    run: async ({ put }) => {
      await put("a.txt", "first");
      const error = await rejects("AlreadyExists", put("a.txt", "second", CREATE_ONLY));
      assert.equal(error.applied, "no");
    },
  },
  {
    title: "a create-only put that is refused leaves the bytes and facts of the old object unchanged",
    needs: ["ifNoneMatch"],
    run: async ({ put, head, holds }) => {
      const { etag } = await put("a.txt", "first", { cacheControl: "no-cache" });
      const again = put("a.txt", "second", { ...CREATE_ONLY, cacheControl: "no-store" });
      await again.catch(() => {});
      await holds("a.txt", "first");
      const found = await head("a.txt");
      assert.deepEqual([found.etag, found.cacheControl], [etag, "no-cache"]);
    },
  },
  {
    title: "exactly one of ten simultaneous create-only puts wins, and the winner's bytes are stored",
    needs: ["ifNoneMatch"],
    run: async ({ put, head, holds }) => {
      const puts = Array.from({ length: 10 }, (_, index) =>
        put("a.txt", inChunks(Buffer.from(`writer ${index}`), 3), CREATE_ONLY),
      );
      assert.equal(await countResolved(puts), 1);
      const results = await Promise.allSettled(puts);
      const winner = results.findIndex(({ status }) => status === "fulfilled");
      await holds("a.txt", `writer ${winner}`);
      assert.equal((await head("a.txt")).size, "writer 0".length);
    },
  },
  {
    title: "a create-only put works again after the object has been deleted",
    needs: ["ifNoneMatch"],
    run: async ({ put, remove, holds }) => {
      await put("a.txt", "first", CREATE_ONLY);
      await remove("a.txt");
      await put("a.txt", "second", CREATE_ONLY);
      await holds("a.txt", "second");
    },
  },
  {
    title: "a create-only put of a large stream in parts rejects with AlreadyExists if the key is taken",
    needs: ["ifNoneMatch", "ifNoneMatchOnMultipart"],
    largest: PARTS_BYTES,
    run: async ({ put, holds }) => {
      await put("a.bin", "first");
      const large = inChunks(pattern(PARTS_BYTES), 1024 * 1024);
      await rejects("AlreadyExists", put("a.bin", large, CREATE_ONLY));
      await holds("a.bin", "first");
    },
  },
  {
    title:
      "if the provider has no create-only uploads in parts, a large create-only stream is refused, and the old object stays",
    needs: ["ifNoneMatch", "!ifNoneMatchOnMultipart"],
    largest: PARTS_BYTES,
    run: async ({ put, holds }) => {
      await put("a.bin", "first");
      const large = put("a.bin", inChunks(pattern(PARTS_BYTES), 1024 * 1024), CREATE_ONLY);
      assert.equal(await countResolved([large]), 0);
      await holds("a.bin", "first");
    },
  },
  {
    title: "a put with the right ifMatch replaces the object",
    needs: ["ifMatch"],
    run: async ({ put, holds }) => {
      const { etag } = await put("a.txt", "first");
      await put("a.txt", "second", { ifMatch: etag });
      await holds("a.txt", "second");
    },
  },
  {
    title: "a put with a wrong ifMatch rejects with PreconditionFailed and leaves the object unchanged",
    needs: ["ifMatch"],
    run: async ({ put, holds }) => {
      await put("a.txt", "first");
      await rejects("PreconditionFailed", put("a.txt", "second", { ifMatch: '"0123456789abcdef"' }));
      await holds("a.txt", "first");
    },
  },
  {
    title: "a put with the etag of a replaced object rejects with PreconditionFailed",
    needs: ["ifMatch"],
    run: async ({ put, holds }) => {
      const { etag } = await put("a.txt", "first");
      await put("a.txt", "other");
      await rejects("PreconditionFailed", put("a.txt", "third", { ifMatch: etag }));
      await holds("a.txt", "other");
    },
  },
  {
    title: "a put with ifMatch on a missing object rejects with PreconditionFailed",
    needs: ["ifMatch"],
    run: async ({ put, lacks }) => {
      await rejects("PreconditionFailed", put("a.txt", "abc", { ifMatch: '"0123456789abcdef"' }));
      await lacks("a.txt");
    },
  },
  {
    title: "exactly one of eight simultaneous puts with the same ifMatch wins",
    needs: ["ifMatch"],
    run: async ({ put, read }) => {
      const { etag } = await put("a.txt", "first");
      const puts = Array.from({ length: 8 }, (_, index) =>
        put("a.txt", inChunks(Buffer.from(`writer ${index}`), 3), { ifMatch: etag }),
      );
      assert.equal(await countResolved(puts), 1);
      assert.match(Buffer.from(await read("a.txt")).toString(), /^writer \d$/);
    },
  },
  {
    title: "a put with an invalid condition rejects with TypeError",
    needs: ["ifMatch", "ifNoneMatch"],
    run: async ({ storage, key, lacks }) => {
      const wrong: readonly unknown[] = [
        { ifNoneMatch: '"abc"' },
        { ifMatch: "" },
        { ifMatch: 7 },
        { ifMatch: '"abc"', ifNoneMatch: "*" },
      ];
      for (const options of wrong) await rejectsType(storage.put(key("a.txt"), "abc", options as PutOptions));
      await lacks("a.txt");
    },
  },
];
