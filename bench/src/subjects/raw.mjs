/** What a careful engineer writes by hand on `node:fs/promises`, at three levels of care: the floors. */
import { createReadStream, createWriteStream, lstatSync, readdirSync } from "node:fs";
import * as fsp from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { mapConcurrently } from "../times.mjs";

const STATS_AT_ONCE = 16;
const WRITES = {
  "in-place": writeInPlace,
  "in-place-sync": writeInPlace,
  atomic: writeAtomically,
  durable: writeDurably,
};

let temporaryFiles = 0;

export async function open(root, { write }) {
  await fsp.mkdir(root, { recursive: true });
  const pathOf = (key) => path.join(root, key);
  const commit = WRITES[write];
  return {
    put: (key, bytes) => withFolder(pathOf(key), (file) => commit(file, bytes)),
    get: (key) => fsp.readFile(pathOf(key)),
    head: (key) => stat(pathOf(key)),
    exists: (key) => exists(pathOf(key)),
    delete: (key) => (write === "durable" ? unlinkDurably(pathOf(key)) : fsp.unlink(pathOf(key))),
    putStream: (key, readable) => putStream(pathOf(key), readable, commit),
    getStream: async (key) => createReadStream(pathOf(key)),
    copy: (from, to) => withFolder(pathOf(to), (file) => copy(pathOf(from), file, write)),
    move: (from, to) => withFolder(pathOf(to), (file) => fsp.rename(pathOf(from), file)),
    list: async () => (write === "in-place-sync" ? listSync(root) : await list(root)),
  };
}

/** Tries first, and makes the folder only when it is missing. */
async function withFolder(file, write) {
  try {
    await write(file);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    await fsp.mkdir(path.dirname(file), { recursive: true });
    await write(file);
  }
}

/** A stream cannot be tried twice. */
async function putStream(file, readable, write) {
  await fsp.mkdir(path.dirname(file), { recursive: true });
  await write(file, readable);
}

async function writeInPlace(file, body) {
  if (body instanceof Uint8Array) await fsp.writeFile(file, body);
  else await pipeline(body, createWriteStream(file));
}

async function writeAtomically(file, body) {
  const temporary = temporaryPath(file);
  await writeInPlace(temporary, body);
  await fsp.rename(temporary, file);
}

async function writeDurably(file, body) {
  const temporary = temporaryPath(file);
  if (body instanceof Uint8Array) await writeFlushed(temporary, body);
  else {
    await pipeline(body, createWriteStream(temporary));
    await flush(temporary);
  }
  await fsp.rename(temporary, file);
  await flush(path.dirname(file));
}

async function writeFlushed(file, bytes) {
  const handle = await fsp.open(file, "wx");
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function flush(fileOrFolder) {
  const handle = await fsp.open(fileOrFolder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function copy(source, file, write) {
  if (write === "in-place") return await fsp.copyFile(source, file);
  const temporary = temporaryPath(file);
  await fsp.copyFile(source, temporary);
  await fsp.rename(temporary, file);
}

async function unlinkDurably(file) {
  await fsp.unlink(file);
  await flush(path.dirname(file));
}

function temporaryPath(file) {
  return `${file}.${process.pid}.${++temporaryFiles}.tmp`;
}

async function stat(file) {
  const { size, mtime } = await fsp.stat(file);
  return { size, lastModified: mtime };
}

async function exists(file) {
  return await fsp.access(file).then(
    () => true,
    () => false,
  );
}

async function list(root) {
  const keys = await walk(root, "");
  return await mapConcurrently(keys, STATS_AT_ONCE, async (key) => ({
    key,
    ...(await stat(path.join(root, key))),
  }));
}

/** Every name and then every fact, by calls that stop the process: the floor of a listing. */
function listSync(root) {
  const all = [];
  const walkSync = (prefix) => {
    for (const entry of readdirSync(path.join(root, prefix), { withFileTypes: true })) {
      const key = `${prefix}${entry.name}`;
      if (entry.isDirectory()) walkSync(`${key}/`);
      else {
        const { size, mtime } = lstatSync(path.join(root, key));
        all.push({ key, size, lastModified: mtime });
      }
    }
  };
  walkSync("");
  return all;
}

async function walk(root, prefix, keys = []) {
  for (const entry of await fsp.readdir(path.join(root, prefix), { withFileTypes: true })) {
    if (entry.isDirectory()) await walk(root, `${prefix}${entry.name}/`, keys);
    else keys.push(prefix + entry.name);
  }
  return keys;
}
