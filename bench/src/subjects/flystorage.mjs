/** Writes in place. Its listing gives names, so each is asked for its size and date, 16 at once. */
import { mkdir } from "node:fs/promises";
import { FileStorage } from "@flystorage/file-storage";
import { LocalStorageAdapter } from "@flystorage/local-fs";
import { mapConcurrently } from "../times.mjs";

export async function open(root) {
  await mkdir(root, { recursive: true });
  const storage = new FileStorage(new LocalStorageAdapter(root));
  return {
    put: (key, bytes) => storage.write(key, bytes),
    get: (key) => storage.readToUint8Array(key),
    head: (key) => head(storage, key),
    exists: (key) => storage.fileExists(key),
    delete: (key) => storage.deleteFile(key),
    putStream: (key, readable) => storage.write(key, readable),
    getStream: (key) => storage.read(key),
    list: () => list(storage),
  };
}

async function head(storage, key) {
  const { size, lastModifiedMs } = await storage.statFile(key);
  return { size, lastModified: new Date(lastModifiedMs) };
}

async function list(storage) {
  const entries = await storage.list("", { deep: true }).toArray();
  const files = entries.filter((entry) => entry.isFile);
  return await mapConcurrently(files, 16, async (file) => ({
    key: file.path,
    ...(await head(storage, file.path)),
  }));
}
