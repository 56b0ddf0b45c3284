/** Transfers that only a store over the network has. */
import { mkdtempSync, rmSync } from "node:fs";
import { rm, stat, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { STREAM_BYTES, chunks, sameChunk } from "../streams.mjs";

const BUFFER_BYTES = 4 * 1024 * 1024;
const BUFFERS = 8;

const folder = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "stowage-bench-files-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

export function putKnown() {
  return large("stream 256 MiB in, length known", ["putKnown", "head", "delete"], {
    run: (store, slice) =>
      store.putKnown(`videos/${slice}.bin`, chunks(STREAM_BYTES, sameChunk()), STREAM_BYTES),
    after: checkAndDelete,
  });
}

export function putFile() {
  const file = path.join(folder, "source");
  return large("upload a file of 256 MiB", ["putFile", "head", "delete"], {
    prepare: async () => {
      if (!existsSync(file)) await writeFile(file, Buffer.alloc(STREAM_BYTES, 7));
    },
    run: (store, slice) => store.putFile(`videos/${slice}.bin`, file),
    after: checkAndDelete,
  });
}

export function getFile() {
  const file = path.join(folder, "target");
  return large("download 256 MiB to a file", ["putStream", "getFile", "delete"], {
    prepare: (store) => store.putStream("videos/0.bin", chunks(STREAM_BYTES, sameChunk())),
    run: (store) => store.getFile("videos/0.bin", file),
    after: async () => {
      const { size } = await stat(file);
      if (size !== STREAM_BYTES) throw new Error(`${size} bytes instead of ${STREAM_BYTES}`);
      await rm(file);
    },
    finish: (store) => store.delete("videos/0.bin"),
  });
}

/** One at a time. */
export function putBuffers() {
  const bytes = randomBytes(BUFFER_BYTES);
  return {
    title: "put 4 MiB from memory, c1",
    kind: "small",
    verbs: ["put", "head"],
    writes: true,
    operations: BUFFERS,
    bytes: BUFFERS * BUFFER_BYTES,
    check: async () => undefined,
    run: async (store, slice) => {
      for (let index = 0; index < BUFFERS; index++)
        await store.put(`buffers/${index}-${slice % 4}.bin`, bytes);
    },
    after: async (store, slice) => assertSize(await store.head(`buffers/0-${slice % 4}.bin`), BUFFER_BYTES),
  };
}

function large(title, verbs, work) {
  return {
    title,
    kind: "large",
    verbs,
    writes: true,
    bytes: STREAM_BYTES,
    check: async () => undefined,
    ...work,
  };
}

async function checkAndDelete(store, slice) {
  assertSize(await store.head(`videos/${slice}.bin`), STREAM_BYTES);
  await store.delete(`videos/${slice}.bin`);
}

function assertSize({ size }, expected) {
  if (size !== expected) throw new Error(`${size} bytes instead of ${expected}`);
}
