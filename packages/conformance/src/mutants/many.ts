import { mutant, storageMutant, type Mutant } from "../mutant.js";
import { facade, verbs } from "./breaks.js";
import { StorageError, type FileStorage, type PutManyItem } from "@stowage/core";

type Items = Parameters<FileStorage["putMany"]>[0];

async function all(items: Items): Promise<PutManyItem[]> {
  const found: PutManyItem[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function allKeys(keys: Iterable<string> | AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found;
}

function refused(key: string): StorageError {
  return new StorageError("NotFound", "there is nothing", {
    operation: "deleteMany",
    provider: "mutant",
    key,
  });
}

export const manyMutants: readonly Mutant[] = [
  storageMutant(
    "putMany gives a result for each item, in the order of the items",
    "sorts the results of putMany",
    facade((storage) => ({
      putMany: async (items, options) =>
        (await storage.putMany(items, options)).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    })),
  ),
  storageMutant(
    "an item of putMany that fails does not stop the others",
    "putMany stops at the first failure",
    facade((storage) => ({
      putMany: async (items, options) => {
        const results = [];
        for (const item of await all(items)) {
          const [result] = await storage.putMany([item], options);
          if (result !== undefined) results.push(result);
          if (result?.error !== undefined) break;
        }
        return results;
      },
    })),
  ),
  storageMutant(
    "putMany runs no more puts at once than its concurrency allows",
    "putMany runs all puts at once",
    facade((storage) => ({
      putMany: (items, options) => storage.putMany(items, { ...options, concurrency: 100 }),
    })),
  ),
  storageMutant(
    "putMany uses the options of each item",
    "putMany forgets the options of items",
    facade((storage) => ({
      putMany: async (items, options) => {
        const bare = (await all(items)).map(({ key, body }) => ({ key, body }));
        return await storage.putMany(bare, options);
      },
    })),
  ),
  storageMutant(
    "deleteMany removes all the given keys and no others",
    "deleteMany deletes keys with the same beginning",
    facade((storage, provider) => ({
      deleteMany: async (keys, options) => {
        const list = await allKeys(keys);
        for (const key of list) {
          if (typeof key === "string" && key !== "" && key.length < 100)
            await provider.delete(`${key}.bak`, {});
        }
        return await storage.deleteMany(list, options);
      },
    })),
  ),
  storageMutant(
    "deleteMany counts missing keys as deleted",
    "deleteMany fails for missing keys",
    facade((storage) => ({
      deleteMany: async (keys, options) => {
        const list = await allKeys(keys);
        const errors = list
          .filter((key) => String(key).endsWith("/missing.txt"))
          .map((key) => ({ key, error: refused(key) }));
        const result = await storage.deleteMany(list, options);
        return { deleted: result.deleted - errors.length, errors: [...result.errors, ...errors] };
      },
    })),
  ),
  storageMutant(
    "deleteMany without keys succeeds",
    "deleteMany of nothing fails",
    facade((storage) => ({
      deleteMany: async (keys, options) => {
        const list = await allKeys(keys);
        if (list.length === 0) throw refused("");
        return await storage.deleteMany(list, options);
      },
    })),
  ),
  mutant(
    "the provider's own deleteMany removes the given keys and no others",
    "deleteMany forgets the second key",
    verbs(({ deleteMany }) => ({
      deleteMany:
        deleteMany &&
        ((keys, options) =>
          deleteMany(
            keys.filter((_, index) => index !== 1),
            options,
          )),
    })),
  ),
  storageMutant(
    "deletePrefix reports the keys that it skips, in its result and in an event",
    "does not report the keys that deletePrefix skips",
    facade((storage) => ({
      deletePrefix: async (prefix, options) => {
        const { deleted, errors } = await storage.deletePrefix(prefix, options);
        return { deleted, errors };
      },
    })),
  ),
  storageMutant(
    "deletePrefix removes everything in the folder, across all pages",
    "deletePrefix stops after a page",
    facade((storage) => ({
      deletePrefix: async (prefix, options) => {
        if (!prefix.endsWith("/a/")) return await storage.deletePrefix(prefix, options);
        const page = await storage.listPage({ prefix });
        return await storage.deleteMany(page.objects.map(({ key }) => key));
      },
    })),
  ),
  storageMutant(
    "deletePrefix of users/1/ keeps users/10/a.txt and users/1.txt",
    "deletePrefix drops the slash",
    facade((storage) => ({
      deletePrefix: async (prefix, options) => {
        const result = await storage.deletePrefix(prefix, options);
        const page = await storage.listPage({ prefix: prefix.slice(0, -1) });
        await storage.deleteMany(page.objects.map(({ key }) => key));
        return result;
      },
    })),
  ),
  storageMutant(
    "deletePrefix of a prefix without a slash at the end is refused with InvalidArgument, and deletes nothing",
    "deletePrefix adds the missing slash",
    facade((storage) => ({
      deletePrefix: (prefix, options) =>
        storage.deletePrefix(prefix.endsWith("/") ? prefix : `${prefix}/`, options),
    })),
  ),
  storageMutant(
    "deletePrefix of an empty folder succeeds",
    "deletePrefix fails for an empty folder",
    facade((storage) => ({
      deletePrefix: async (prefix, options) => {
        const result = await storage.deletePrefix(prefix, options);
        if (result.deleted === 0) throw refused(prefix);
        return result;
      },
    })),
  ),
];
