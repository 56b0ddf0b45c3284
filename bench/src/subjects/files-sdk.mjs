/** Writes to a temporary name and renames; keeps a JSON file beside every object and reads it back each time. */
import { mkdir } from "node:fs/promises";
import { Readable } from "node:stream";
import { Files } from "files-sdk";
import { fs } from "files-sdk/fs";

export async function open(root) {
  await mkdir(root, { recursive: true });
  const files = new Files({ adapter: fs({ root }) });
  return {
    put: (key, bytes) => files.upload(key, bytes),
    get: async (key) => new Uint8Array(await (await files.download(key)).arrayBuffer()),
    head: async (key) => facts(await files.head(key)),
    exists: (key) => files.exists(key),
    delete: (key) => files.delete(key),
    putStream: (key, readable) => files.upload(key, Readable.toWeb(readable)),
    getStream: async (key) => (await files.download(key, { as: "stream" })).stream(),
    list: () => list(files),
  };
}

function facts({ key, size, lastModified }) {
  return { key, size, lastModified: new Date(lastModified) };
}

async function list(files) {
  const all = [];
  for await (const file of files.listAll()) all.push(facts(file));
  return all;
}
