import assert from "node:assert/strict";
import { setImmediate as tick } from "node:timers/promises";
import { isStorageError, type StorageEvent } from "@stowage/core";
import { rejects } from "../expect.js";
import type { Rule } from "../rule.js";
import { fill } from "./list.js";

/** The rules about calls that take many keys. */
export const manyRules: readonly Rule[] = [
  {
    title: "putMany gives a result for each item, in the order of the items",
    run: async ({ storage, key, holds }) => {
      const names = ["c.txt", "a.txt", "b.txt", "e.txt", "d.txt"];
      const items = names.map((name) => ({ key: key(name), body: `content of ${name}` }));
      const results = await storage.putMany(items, { concurrency: 3 });
      assert.deepEqual(
        results.map((result) => result.key),
        names.map(key),
      );
      assert.deepEqual(
        results.map(({ info }) => info?.key),
        names.map(key),
      );
      for (const name of names) await holds(name, `content of ${name}`);
    },
  },
  {
    title: "an item of putMany that fails does not stop the others",
    run: async ({ storage, key, holds, lacks }) => {
      const items = [
        { key: key("a.txt"), body: "abc" },
        { key: key("bad.txt"), body: () => Promise.reject(new Error("lost")) },
        { key: "../hostile.txt", body: "abc" },
        { key: key("b.txt"), body: "abc" },
      ];
      const results = await storage.putMany(items, { concurrency: 1 });
      const codes = results.map(({ error }) => isStorageError(error) && error.code);
      assert.deepEqual(codes, [false, "SourceError", "InvalidKey", false]);
      await holds("a.txt", "abc");
      await holds("b.txt", "abc");
      await lacks("bad.txt");
    },
  },
  {
    title: "putMany runs no more puts at once than its concurrency allows",
    run: async ({ provider, createStorage, key }) => {
      let running = 0;
      let most = 0;
      const put: typeof provider.put = async (...parameters) => {
        most = Math.max(most, ++running);
        await tick();
        return await provider.put(...parameters).finally(() => running--);
      };
      const items = Array.from({ length: 8 }, (_, index) => ({ key: key(`${index}.txt`), body: "abc" }));
      await createStorage({ ...provider, put }).putMany(items, { concurrency: 2 });
      assert.equal(most, 2);
    },
  },
  {
    title: "putMany uses the options of each item",
    run: async ({ storage, key, head }) => {
      await storage.putMany([{ key: key("a.txt"), body: "abc", cacheControl: "no-cache" }]);
      assert.equal((await head("a.txt")).cacheControl, "no-cache");
    },
  },
  {
    title: "deleteMany removes all the given keys and no others",
    needs: ["list"],
    run: async (context) => {
      await fill(context, ["a.txt", "b.txt", "b.txt.bak", "c/d.txt", "keep.txt"]);
      const keys = ["a.txt", "b.txt", "c/d.txt"].map(context.key);
      assert.deepEqual(await context.storage.deleteMany(keys), { deleted: 3, errors: [] });
      assert.deepEqual((await context.names()).sort(), ["b.txt.bak", "keep.txt"]);
    },
  },
  {
    title: "deleteMany counts missing keys as deleted",
    run: async (context) => {
      await fill(context, ["a.txt"]);
      const result = await context.storage.deleteMany(["a.txt", "missing.txt"].map(context.key));
      assert.deepEqual(result, { deleted: 2, errors: [] });
    },
  },
  {
    title: "deleteMany without keys succeeds",
    run: async ({ storage }) => {
      assert.deepEqual(await storage.deleteMany([]), { deleted: 0, errors: [] });
    },
  },
  {
    title: "the provider's own deleteMany removes the given keys and no others",
    needs: ["deleteMany", "list"],
    run: async (context) => {
      await fill(context, ["a.txt", "b.txt", "c.txt"]);
      const keys = ["a.txt", "b.txt", "missing.txt"].map(context.key);
      assert.deepEqual(await context.provider.deleteMany?.(keys, {}), []);
      assert.deepEqual(await context.names(), ["c.txt"]);
    },
  },
  {
    title: "deletePrefix removes everything in the folder, across all pages",
    needs: ["list"],
    run: async (context) => {
      const { provider, key } = context;
      await fill(context, ["a/1.txt", "a/2.txt", "a/b/3.txt", "a/b/c/4.txt", "a/5.txt"]);
      const short = {
        ...provider,
        list: (options: Parameters<typeof provider.list>[0]) => provider.list({ ...options, limit: 2 }),
      };
      const result = await context.createStorage(short).deletePrefix(key("a/"));
      assert.deepEqual(result, { deleted: 5, errors: [] });
      assert.deepEqual(await context.names(), []);
    },
  },
  {
    title: "deletePrefix reports the keys that it skips, in its result and in an event",
    needs: ["list"],
    run: async ({ provider, createStorage, key, put }) => {
      await put("users/1/a.txt", "abc");
      const odd = { key: key("users/1//passport.jpg"), reason: "the key has an empty segment" };
      const list: typeof provider.list = async (options) => ({
        ...(await provider.list(options)),
        skipped: [odd],
      });
      const told: string[] = [];
      const onEvent = (event: StorageEvent): void => {
        if (event.type === "skipped") told.push(event.key);
      };
      const storage = createStorage({ ...provider, list }, { onEvent });
      const { deleted, skipped } = await storage.deletePrefix(key("users/1/"));
      assert.deepEqual([deleted, skipped, told], [1, [odd], [odd.key]]);
    },
  },
  {
    title: "deletePrefix of users/1/ keeps users/10/a.txt and users/1.txt",
    needs: ["list"],
    run: async (context) => {
      await fill(context, ["users/1/a.txt", "users/10/a.txt", "users/1.txt", "users/1-b/a.txt"]);
      await context.storage.deletePrefix(context.key("users/1/"));
      assert.deepEqual((await context.names()).sort(), ["users/1-b/a.txt", "users/1.txt", "users/10/a.txt"]);
    },
  },
  {
    title:
      "deletePrefix of a prefix without a slash at the end is refused with InvalidArgument, and deletes nothing",
    needs: ["list"],
    run: async (context) => {
      await fill(context, ["users/1/a.txt", "users/10/a.txt"]);
      for (const prefix of [context.key("users/1"), "", "/", context.key("users/1//")]) {
        await rejects("InvalidArgument", context.storage.deletePrefix(prefix));
      }
      assert.equal((await context.names()).length, 2);
    },
  },
  {
    title: "deletePrefix of an empty folder succeeds",
    needs: ["list"],
    run: async ({ storage, key }) => {
      assert.deepEqual(await storage.deletePrefix(key("nothing/")), { deleted: 0, errors: [] });
    },
  },
];
