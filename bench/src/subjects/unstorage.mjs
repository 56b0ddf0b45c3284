/**
 * Writes in place, whole buffers only. `exists` is `existsSync` inside. Its listing gives names, with `:` for
 * `/`, so each is asked for its size and date, 16 at once.
 */
import { mkdir } from "node:fs/promises";
import { createStorage } from "unstorage";
import fsDriver from "unstorage/drivers/fs";
import { mapConcurrently } from "../times.mjs";

export async function open(root) {
  await mkdir(root, { recursive: true });
  const storage = createStorage({ driver: fsDriver({ base: root }) });
  return {
    put: (key, bytes) => storage.setItemRaw(key, bytes),
    get: (key) => storage.getItemRaw(key),
    head: (key) => head(storage, key),
    exists: (key) => storage.hasItem(key),
    delete: (key) => storage.removeItem(key),
    list: () => list(storage),
  };
}

async function head(storage, key) {
  const { size, mtime } = await storage.getMeta(key);
  return { size, lastModified: mtime };
}

async function list(storage) {
  const names = await storage.getKeys();
  return await mapConcurrently(names, 16, async (name) => ({
    key: name.replaceAll(":", "/"),
    ...(await head(storage, name)),
  }));
}
