/** Stowage as an application uses it: all defaults but the durability. */
import { load } from "../packages.mjs";

const { createStorage } = await load("@stowage/core", import.meta.url);
const { local } = await load("@stowage/local", import.meta.url);

export async function open(root, { durability }) {
  const storage = createStorage(local({ root, durability, create: true }));
  return {
    put: (key, bytes) => storage.put(key, bytes),
    get: async (key) => await (await storage.get(key)).bytes(),
    head: (key) => storage.head(key),
    exists: (key) => storage.exists(key),
    delete: (key) => storage.delete(key),
    copy: (from, to) => storage.copy(from, to),
    move: (from, to) => storage.move(from, to),
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
