import assert from "node:assert/strict";
import { rejects } from "../expect.js";
import type { Rule } from "../rule.js";

/** The rules about head and delete. */
export const headRules: readonly Rule[] = [
  {
    title: "head of a missing key rejects with NotFound",
    run: async ({ head }) => {
      await rejects("NotFound", head("missing.txt"));
    },
  },
  {
    title: "head of a folder's name rejects with NotFound",
    run: async ({ put, head }) => {
      await put("folder/a.txt", "abc");
      await rejects("NotFound", head("folder"));
    },
  },
  {
    title: "if a.txt is an object, head of a.txt/below.txt rejects with NotFound",
    run: async ({ put, head }) => {
      await put("a.txt", "abc");
      await rejects("NotFound", head("a.txt/below.txt"));
    },
  },
  {
    title: "head gives the facts of the newest put",
    needs: ["overwrite"],
    run: async ({ put, head }) => {
      await put("a.txt", "first one");
      const { etag } = await put("a.txt", "second");
      const info = await head("a.txt");
      assert.deepEqual([info.size, info.etag], [6, etag]);
    },
  },
];

export const deleteRules: readonly Rule[] = [
  {
    title: "head, get and list do not find a deleted object",
    run: async ({ put, remove, lacks }) => {
      await put("a.txt", "abc");
      await remove("a.txt");
      await lacks("a.txt");
    },
  },
  {
    title: "delete of a missing key resolves",
    run: async ({ remove }) => {
      assert.equal(await remove("missing.txt"), undefined);
      await remove("missing/folder/a.txt");
    },
  },
  {
    title: "deleting a key twice resolves both times",
    run: async ({ put, remove }) => {
      await put("a.txt", "abc");
      await remove("a.txt");
      await remove("a.txt");
    },
  },
  {
    title: "simultaneous deletes of one key all resolve",
    run: async ({ put, remove, lacks }) => {
      await put("a.txt", "abc");
      await Promise.all(Array.from({ length: 5 }, () => remove("a.txt")));
      await lacks("a.txt");
    },
  },
  {
    title: "a delete does not remove other keys with the same beginning",
    run: async ({ put, remove, holds }) => {
      for (const name of ["a/b", "a/bc", "a/b.txt", "a/c"]) await put(name, name);
      await remove("a/b");
      for (const name of ["a/bc", "a/b.txt", "a/c"]) await holds(name, name);
    },
  },
  {
    title: "delete of a folder's name does not remove the objects in the folder",
    run: async ({ put, remove, holds }) => {
      await put("a/b/c.txt", "abc");
      await remove("a/b");
      await remove("a");
      await holds("a/b/c.txt", "abc");
    },
  },
  {
    title: "if a.txt is an object, delete of a.txt/below.txt leaves a.txt unchanged",
    run: async ({ put, remove, holds }) => {
      await put("a.txt", "abc");
      await remove("a.txt/below.txt");
      await holds("a.txt", "abc");
    },
  },
  {
    title: "a put into a folder works while the folder's last object is being deleted",
    needs: ["list"],
    run: async ({ put, remove, holds, names }) => {
      for (let round = 0; round < 10; round++) {
        await put("a/b/old.txt", "old");
        const name = `a/b/${round}.txt`;
        await Promise.all([remove("a/b/old.txt"), put(name, "new")]);
        await holds(name, "new");
        await remove(name);
      }
      assert.deepEqual(await names(), []);
    },
  },
  {
    title: "a deleted key can be written again, and keeps nothing of the old object",
    run: async ({ put, remove, head, holds }) => {
      await put("a.txt", "first", { cacheControl: "no-store" });
      await remove("a.txt");
      await put("a.txt", "second");
      await holds("a.txt", "second");
      assert.equal((await head("a.txt")).cacheControl, undefined);
    },
  },
  {
    title: "a delete with the right ifMatch removes the object",
    needs: ["conditionalDelete"],
    run: async ({ put, remove, lacks }) => {
      const { etag } = await put("a.txt", "abc");
      await remove("a.txt", { ifMatch: etag });
      await lacks("a.txt");
    },
  },
  {
    title: "a delete with a wrong ifMatch rejects with PreconditionFailed and leaves the object unchanged",
    needs: ["conditionalDelete"],
    run: async ({ put, remove, holds }) => {
      await put("a.txt", "abc");
      await rejects("PreconditionFailed", remove("a.txt", { ifMatch: '"0123456789abcdef"' }));
      await holds("a.txt", "abc");
    },
  },
  {
    title: "a delete with the etag of a replaced object leaves the new object unchanged",
    needs: ["conditionalDelete", "overwrite"],
    run: async ({ put, remove, holds }) => {
      const { etag } = await put("a.txt", "first");
      await put("a.txt", "other");
      await rejects("PreconditionFailed", remove("a.txt", { ifMatch: etag }));
      await holds("a.txt", "other");
    },
  },
  {
    title: "a delete of a missing key with ifMatch resolves",
    needs: ["conditionalDelete"],
    run: async ({ remove }) => {
      await remove("missing.txt", { ifMatch: '"0123456789abcdef"' });
    },
  },
];
