import assert from "node:assert/strict";
import type { PutOptions } from "@stowage/core/provider";
import { countResolved, rejects, rejectsType } from "../expect.js";
import type { Rule } from "../rule.js";
import { inChunks, pattern } from "../sources.js";

const CREATE_ONLY = { ifNoneMatch: "*" } as const;
/** A size for a large body. The first part of a multipart upload is always smaller. */
const PARTS_BYTES = 6 * 1024 * 1024;

/** The rules about create-only and conditional puts. */
export const conditionRules: readonly Rule[] = [
  {
    title: "a create-only put of a free key writes it",
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
    title: "a create-only put that lost leaves the object with its bytes and facts",
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
    title: "of ten create-only puts at once exactly one wins, and its bytes are there",
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
    title: "a create-only put works again once the object is deleted",
    needs: ["ifNoneMatch"],
    run: async ({ put, remove, holds }) => {
      await put("a.txt", "first", CREATE_ONLY);
      await remove("a.txt");
      await put("a.txt", "second", CREATE_ONLY);
      await holds("a.txt", "second");
    },
  },
  {
    title: "a create-only put holds for large streams that are sent in parts",
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
    title: "a large create-only stream that cannot be kept create-only is refused, and the object left",
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
    title: "a put with a wrong ifMatch rejects with PreconditionFailed and leaves the object",
    needs: ["ifMatch"],
    run: async ({ put, holds }) => {
      await put("a.txt", "first");
      await rejects("PreconditionFailed", put("a.txt", "second", { ifMatch: '"0123456789abcdef"' }));
      await holds("a.txt", "first");
    },
  },
  {
    title: "a put with the etag of an older object rejects with PreconditionFailed",
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
    title: "of eight puts at once with one etag exactly one wins",
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
    title: "conditions of wrong types are TypeErrors",
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
