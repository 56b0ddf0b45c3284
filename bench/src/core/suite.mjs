/** What a process needs that measures what the facade and the composers add to a call. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { StorageError, createStorage, fallback, mirror, split } from "@stowage/core";
import { SUPPORTS_ALL } from "@stowage/core/provider";
import { sqliteJournal } from "@stowage/journal";
import { SMALL_OBJECTS, deletes } from "../small-objects.mjs";

const { "put4k-c1": put, "get4k-c1": get, "head-c1": head } = SMALL_OBJECTS;

/** @type {Record<string, import("../workloads.mjs").Workload>} */
export const WORKLOADS = { "put4k-c1": put, "get4k-c1": get, "head-c1": head, "delete-c1": deletes(1) };

const STATELESS = { overwrites: "may-be-stale" };

/** By name: how the store is made in a folder of its own. */
const SUBJECTS = {
  provider: () => bare(map("a")),
  facade: () => one(map("a")),
  fallback: () => one(fallback(maps(), STATELESS)),
  mirror: () => one(mirror(maps(), STATELESS)),
  split: () => one(split({ ...sides(), ...STATELESS })),
  "fallback with a journal": (root) => journaled(root, (journal) => fallback(maps(), { journal })),
  "mirror with a journal": (root) => journaled(root, (journal) => mirror(maps(), { journal })),
  "split with a journal": (root) => journaled(root, (journal) => split({ ...sides(), journal })),
};

export const NAMES = Object.keys(SUBJECTS);

export async function openStore(subject, { folder }, name) {
  const root = path.join(folder, name.replaceAll(" ", "-"));
  await mkdir(root);
  return SUBJECTS[subject](root);
}

/** A provider that does next to nothing: it remembers what it was given. */
function map(name) {
  const objects = new Map();
  const found = (key) => {
    const object = objects.get(key);
    if (object !== undefined) return object;
    throw new StorageError("NotFound", "there is no such object", { operation: "head", provider: name, key });
  };
  const ref = (key) => `map:${name}/${key}`;
  return {
    name,
    supports: SUPPORTS_ALL,
    put: async (key, { bytes }, { metadata, writeId }) => {
      const size = bytes.byteLength;
      const info = { key, size, metadata, writeId, lastModified: new Date(), provider: name, ref: ref(key) };
      objects.set(key, { info, bytes });
      return info;
    },
    get: async (key) => {
      const { info, bytes } = found(key);
      return { info, range: undefined, body: bytes };
    },
    head: async (key) => found(key).info,
    delete: async (key) => void objects.delete(key),
    list: async ({ prefix = "" }) => ({
      objects: [...objects.values()].map(({ info }) => info).filter(({ key }) => key.startsWith(prefix)),
      prefixes: [],
    }),
    ref,
    locate: () => undefined,
    describe: () => ({ kind: "provider", type: "map", name, promises: [], limits: [] }),
  };
}

function maps() {
  return [map("a"), map("b")];
}

function sides() {
  return { from: map("a"), to: map("b"), percent: 50, salt: "bench" };
}

function bare(provider) {
  return {
    put: (key, bytes) => provider.put(key, { bytes, size: bytes.byteLength, replayable: true }, {}),
    get: async (key) => (await provider.get(key, {})).body,
    head: (key) => provider.head(key, {}),
    exists: (key) => provider.head(key, {}).then(Boolean, () => false),
    delete: (key) => provider.delete(key, {}),
  };
}

function one(provider) {
  const storage = createStorage(provider);
  return {
    put: (key, bytes) => storage.put(key, bytes),
    get: async (key) => await (await storage.get(key)).bytes(),
    head: (key) => storage.head(key),
    exists: (key) => storage.exists(key),
    delete: (key) => storage.delete(key),
    close: () => storage.close(),
  };
}

function journaled(root, compose) {
  const journal = sqliteJournal(path.join(root, "journal.db"));
  const store = one(compose(journal));
  return { ...store, close: async () => (await store.close(), await journal.close()) };
}
