/**
 * Composers, and what they are compared with: their members, each put to by itself.
 *
 * Members on disk have durability `rename`, so that what a composer adds is not hidden behind the disk. What they hold
 * has metadata, as everything has that a composer writes: a folder keeps it in a file beside the object.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import path from "node:path";
import { PassThrough, pipeline } from "node:stream";
import { load } from "../packages.mjs";
import { createBucket } from "../s3/raw-client.mjs";

const { createStorage, fallback, memory, mirror, split } = await load("@stowage/core", import.meta.url);
const { sqliteJournal } = await load("@stowage/journal", import.meta.url);
const { local } = await load("@stowage/local", import.meta.url);
const { s3 } = await load("@stowage/s3", import.meta.url);

const STATELESS = { overwrites: "may-be-stale" };

/** By name: how the store is made of a place with its `root`, and a `server` where there is one. */
export const SUBJECTS = {
  local: ({ root }) => one(disk(root, "a")),
  "2 locals": ({ root }) => each(disks(root, 2)),
  "3 locals": ({ root }) => each(disks(root, 3)),
  "local and S3": async (place) => each([disk(place.root, "a"), await bucket(place)]),
  mirror: ({ root }) => journaled(root, (options) => mirror(disks(root, 2), options)),
  "mirror of 3": ({ root }) => journaled(root, (options) => mirror(disks(root, 3), options)),
  "mirror with S3": async (place) => {
    const members = [disk(place.root, "a"), await bucket(place)];
    return journaled(place.root, (options) => mirror(members, options));
  },
  fallback: ({ root }) => journaled(root, (options) => fallback(disks(root, 2), options)),
  split: ({ root }) => journaled(root, (options) => split({ ...shared(disks(root, 2)), ...options })),
  // Of these nothing is measured but the composer: a read of a disk takes fifty times as long, and varies by more.
  memory: () => one(memory({ name: "a" })),
  "mirror in memory": ({ root }) => journaled(root, (options) => mirror(memories().slice(1), options)),
  "fallback in memory": ({ root }) => journaled(root, (options) => fallback(memories().slice(1), options)),
  "split in memory": ({ root }) =>
    journaled(root, (options) => split({ ...shared(memories().slice(1)), ...options })),
  "stateless mirror": ({ root }) => one(mirror(disks(root, 2), STATELESS)),
  "stateless fallback": ({ root }) => one(fallback(disks(root, 2), STATELESS)),
};

/** Three members in memory with keys of their own: what is timed is the merging. */
export function memories() {
  return ["a", "b", "c"].map((name) => memory({ name }));
}

function disk(root, name) {
  return local({ name, root: path.join(root, name), durability: "rename", create: true });
}

export function disks(root, count) {
  return ["a", "b", "c"].slice(0, count).map((name) => disk(root, name));
}

async function bucket({ server: { endpoint, credentials }, name }) {
  const own = { endpoint, credentials, bucket: `bench-${name.replaceAll(/[^a-z0-9]/gi, "").toLowerCase()}` };
  await createBucket(own);
  return s3(own);
}

function shared([from, to]) {
  return { from, to, percent: 50, salt: "bench" };
}

export function journaled(root, compose) {
  const journal = sqliteJournal(path.join(root, "journal.db"));
  const store = one(compose({ journal }));
  return { ...store, close: async () => (await store.close(), await journal.close()) };
}

function one(provider) {
  const storage = createStorage(provider);
  return {
    storage,
    put: (key, bytes) => storage.put(key, bytes, FACTS),
    get: async (key) => await (await storage.get(key)).bytes(),
    head: (key) => storage.head(key),
    delete: (key) => storage.delete(key),
    putFile: (key, file) => storage.put(key, createReadStream(file), FACTS),
    close: () => storage.close(),
  };
}

const FACTS = { metadata: { by: "bench" } };

/** Nobody coordinates them. The bytes are hashed once, as a mirror does. */
function each(providers) {
  const stores = providers.map(one);
  const all = (act) => Promise.all(stores.map(act));
  return {
    put: (key, bytes) => all((store) => store.put(key, bytes)),
    get: (key) => stores[0].get(key),
    head: (key) => stores[0].head(key),
    delete: (key) => all((store) => store.delete(key)),
    putFile: (key, file) =>
      all(({ storage }, index) =>
        storage.put(key, index === 0 ? hashed(file) : createReadStream(file), FACTS),
      ),
    close: () => all((store) => store.close()),
  };
}

function hashed(file) {
  const hash = createHash("sha256");
  const through = new PassThrough({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return pipeline(createReadStream(file), through, () => hash.digest());
}
