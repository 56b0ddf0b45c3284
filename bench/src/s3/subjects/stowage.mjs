/** Stowage as an application uses it. */
import { load } from "../../packages.mjs";

const { createStorage, fromFile } = await load("@stowage/core", import.meta.url);
const { s3 } = await load("@stowage/s3", import.meta.url);

export async function open({ endpoint, credentials, bucket, dialect }, options = {}) {
  const storage = createStorage(s3({ endpoint, credentials, bucket, dialect, ...options }));
  return {
    put: (key, bytes) => storage.put(key, bytes),
    get: async (key) => await (await storage.get(key)).bytes(),
    head: (key) => storage.head(key),
    delete: (key) => storage.delete(key),
    copy: (from, to) => storage.copy(from, to),
    putStream: (key, readable) => storage.put(key, readable),
    putKnown: (key, readable, size) => storage.put(key, readable, { size }),
    putFile: (key, path) => storage.put(key, fromFile(path)),
    getStream: async (key) => (await storage.get(key)).readable(),
    getFile: (key, path) => storage.download(key, path),
    list: () => collect(storage.list()),
    close: () => storage.close(),
  };
}

async function collect(objects) {
  const all = [];
  for await (const object of objects) all.push(object);
  return all;
}
