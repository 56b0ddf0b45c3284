/**
 * What is measured. Each subject's module is imported on its own, so that a process loads only what it measures.
 *
 * A module exports `open(root, options)`, which gives a store. A store has the verbs that its library offers:
 *
 * | verb | gives |
 * |---|---|
 * | `put(key, bytes)` | – |
 * | `get(key)` | the bytes |
 * | `head(key)` | `{ size, lastModified: Date }` |
 * | `exists(key)` | true or false |
 * | `delete(key)` | – |
 * | `putStream(key, readable)` | – |
 * | `getStream(key)` | a Node stream or a Web stream |
 * | `list()` | every `{ key, size, lastModified: Date }` |
 *
 * @typedef {object} Subject
 * @property {string} module - File in `subjects/`.
 * @property {object} [options] - What its `open` is given.
 * @property {boolean} atomic - Whether a write appears whole or not at all; if not, the file is written in place.
 * @property {readonly string[]} [blocking] - Work that is synchronous inside: fast, while everything else waits.
 */
import { addressOf } from "./packages.mjs";

/** @type {Record<string, Subject>} */
export const SUBJECTS = {
  nowhere: { module: "nowhere", atomic: false },
  raw: { module: "raw", options: { write: "in-place" }, atomic: false },
  "raw-sync": { module: "raw", options: { write: "in-place-sync" }, atomic: false },
  "raw-atomic": { module: "raw", options: { write: "atomic" }, atomic: true },
  "raw-durable": { module: "raw", options: { write: "durable" }, atomic: true },
  "stowage-rename": { module: "stowage", options: { durability: "rename" }, atomic: true },
  "stowage-fsync": { module: "stowage", options: { durability: "fsync" }, atomic: true },
  flydrive: { module: "flydrive", atomic: false },
  flystorage: { module: "flystorage", atomic: false },
  "files-sdk": { module: "files-sdk", atomic: true },
  unstorage: { module: "unstorage", atomic: false, blocking: ["exists-c1", "exists-c16"] },
};

export const PEERS = ["flydrive", "flystorage", "files-sdk", "unstorage"];

/** The address of a subject's module, for `import`, and what its `open` is given. */
export function subjectOf(name) {
  return addressOf(name, SUBJECTS, new URL("./subjects/", import.meta.url));
}

/** Opens a store of a subject on an empty or existing folder. */
export async function openStore(name, root) {
  const { module, options } = subjectOf(name);
  const { open } = await import(module);
  return await open(root, options);
}
