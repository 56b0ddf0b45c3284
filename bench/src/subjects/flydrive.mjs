/** Writes in place. Its listing gives names, so each is asked for its size and date, 16 at once. */
import { mkdir } from "node:fs/promises";
import { Disk } from "flydrive";
import { FSDriver } from "flydrive/drivers/fs";
import { mapConcurrently } from "../times.mjs";

export async function open(root) {
  await mkdir(root, { recursive: true });
  const disk = new Disk(new FSDriver({ location: root, visibility: "private" }));
  return {
    put: (key, bytes) => disk.put(key, bytes),
    get: (key) => disk.getBytes(key),
    head: (key) => head(disk, key),
    exists: (key) => disk.exists(key),
    delete: (key) => disk.delete(key),
    putStream: (key, readable) => disk.putStream(key, readable),
    getStream: (key) => disk.getStream(key),
    list: () => list(disk),
  };
}

async function head(disk, key) {
  const { contentLength, lastModified } = await disk.getMetaData(key);
  return { size: contentLength, lastModified };
}

async function list(disk) {
  const { objects } = await disk.listAll("/", { recursive: true });
  return await mapConcurrently([...objects], 16, async ({ key }) => ({ key, ...(await head(disk, key)) }));
}
