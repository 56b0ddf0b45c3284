/** Operations on objects of 4 KiB, one at a time (c1) and 16 at once (c16). */
import { randomBytes } from "node:crypto";
import { times } from "./times.mjs";

/** In a slice; more of the cheap ones, so that no slice is over in a few milliseconds. */
const WRITES = 100;
const READS = 320;
const BYTES = 4096;
const FOLDERS = 16;
const DATE_TOLERANCE_MS = 60_000;

const content = randomBytes(BYTES);

/** New keys in new folders, which are there already: where a file system puts a folder decides its speed. */
function puts(concurrency) {
  return small("put 4 KiB", concurrency, {
    verbs: ["put", "get"],
    writes: true,
    check: checkPut,
    operations: WRITES,
    before: putFolders,
    run: (store, slice) => times(WRITES, concurrency, (i) => store.put(keyOf(slice, i), content)),
  });
}

function gets(concurrency) {
  return small("get 4 KiB", concurrency, {
    verbs: ["put", "get"],
    prepare: (store) => putSlice(store, 0, READS),
    check: checkGet,
    operations: READS,
    run: (store) => times(READS, concurrency, (i) => store.get(keyOf(0, i))),
  });
}

function heads(concurrency) {
  return small("head", concurrency, {
    verbs: ["put", "head"],
    prepare: (store) => putSlice(store, 0, READS),
    check: checkHead,
    operations: READS,
    run: (store) => times(READS, concurrency, (i) => store.head(keyOf(0, i))),
  });
}

export function existences(concurrency) {
  return small("exists", concurrency, {
    verbs: ["put", "exists"],
    prepare: (store) => putSlice(store, 0, READS),
    check: checkExists,
    operations: READS,
    run: (store) => times(READS, concurrency, (i) => store.exists(keyOf(0, i))),
  });
}

/** Objects of 4 MiB into memory, one at a time. */
export function wholes() {
  const bytes = randomBytes(4 * 1024 * 1024);
  const COUNT = 8;
  return {
    title: "get 4 MiB into memory, c1",
    kind: "small",
    verbs: ["put", "get"],
    operations: COUNT,
    bytes: COUNT * bytes.byteLength,
    prepare: (store) => store.put("buffers/one.bin", bytes),
    check: async (store) => equalBytes(await store.get("buffers/one.bin"), bytes),
    run: async (store) => {
      for (let index = 0; index < COUNT; index++) {
        const { byteLength } = await store.get("buffers/one.bin");
        if (byteLength !== bytes.byteLength)
          throw new Error(`${byteLength} bytes instead of ${bytes.byteLength}`);
      }
    },
  };
}

export function copies(concurrency) {
  return small("copy 4 KiB", concurrency, {
    verbs: ["put", "get", "copy"],
    writes: true,
    prepare: (store) => putSlice(store, 0),
    check: checkCopy,
    operations: WRITES,
    before: putFolders,
    run: (store, slice) => times(WRITES, concurrency, (i) => store.copy(keyOf(0, i), keyOf(slice, i))),
  });
}

export function moves(concurrency) {
  return small("move 4 KiB", concurrency, {
    verbs: ["put", "get", "move"],
    writes: true,
    check: checkMove,
    operations: WRITES,
    before: async (store, slice) => {
      await putFolders(store, slice);
      await putFolders(store, -slice);
      await putSlice(store, slice);
    },
    run: (store, slice) => times(WRITES, concurrency, (i) => store.move(keyOf(slice, i), keyOf(-slice, i))),
  });
}

export function deletes(concurrency) {
  return small("delete", concurrency, {
    verbs: ["put", "delete", "exists"],
    check: checkDelete,
    operations: WRITES,
    before: async (store, slice) => {
      await putFolders(store, slice);
      await putSlice(store, slice);
    },
    run: (store, slice) => times(WRITES, concurrency, (i) => store.delete(keyOf(slice, i))),
  });
}

/** What every suite has of them. */
export const SMALL_OBJECTS = {
  "put4k-c1": puts(1),
  "put4k-c16": puts(16),
  "get4k-c1": gets(1),
  "get4k-c16": gets(16),
  "head-c1": heads(1),
  "head-c16": heads(16),
};

function small(title, concurrency, workload) {
  return { title: `${title}, c${concurrency}`, kind: "small", ...workload };
}

function keyOf(slice, index) {
  return `slice-${slice}/folder-${index % FOLDERS}/${index}.bin`;
}

function putFolders(store, slice) {
  return times(FOLDERS, 1, (i) => store.put(`slice-${slice}/folder-${i}/first.bin`, content));
}

function putSlice(store, slice, count = WRITES) {
  return times(count, 16, (i) => store.put(keyOf(slice, i), content));
}

async function checkPut(store) {
  const older = randomBytes(BYTES + 1);
  await store.put("check/put.bin", older);
  await store.put("check/put.bin", content);
  return equalBytes(await store.get("check/put.bin"), content);
}

async function checkGet(store) {
  return equalBytes(await store.get(keyOf(0, 7)), content);
}

async function checkHead(store) {
  const { size, lastModified } = await store.head(keyOf(0, 7));
  if (size !== BYTES) return `the size is ${size}`;
  if (!(Math.abs(lastModified - Date.now()) < DATE_TOLERANCE_MS)) return `the date is ${lastModified}`;
  return undefined;
}

async function checkExists(store) {
  if ((await store.exists(keyOf(0, 7))) !== true) return "an object that is there is said to be missing";
  if ((await store.exists("slice-0/missing.bin")) !== false) return "a missing object is said to be there";
  return undefined;
}

async function checkCopy(store) {
  await store.copy(keyOf(0, 7), "check/copy.bin");
  return equalBytes(await store.get("check/copy.bin"), content);
}

async function checkMove(store) {
  await store.put("check/from.bin", content);
  await store.move("check/from.bin", "check/to.bin");
  return equalBytes(await store.get("check/to.bin"), content);
}

async function checkDelete(store) {
  await store.put("check/delete.bin", content);
  await store.delete("check/delete.bin");
  return (await store.exists("check/delete.bin")) ? "the object is still there" : undefined;
}

function equalBytes(found, expected) {
  return Buffer.compare(Buffer.from(found), expected) === 0 ? undefined : "other bytes came back";
}
