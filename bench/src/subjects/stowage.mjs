/** Stowage as an application uses it: all defaults but the durability. */
import { createStorage } from "@stowage/core";
import { local } from "@stowage/local";

export async function open(root, { durability }) {
  const storage = createStorage(local({ root, durability, create: true }));
  return {
    put: (key, bytes) => storage.put(key, bytes),
    get: async (key) => await (await storage.get(key)).bytes(),
    head: (key) => storage.head(key),
    exists: (key) => storage.exists(key),
    delete: (key) => storage.delete(key),
    putStream: (key, readable) => storage.put(key, readable),
    getStream: async (key) => (await storage.get(key)).readable(),
    list: () => collect(storage.list()),
  };
}

async function collect(objects) {
  const all = [];
  for await (const object of objects) all.push(object);
  return all;
}
