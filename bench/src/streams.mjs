/** 256 MiB in from a stream of unknown length, and out to nowhere. */
import { createHash, randomBytes } from "node:crypto";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

export const STREAM_BYTES = 256 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** No multiple of anybody's block size. */
const CHECK_BYTES = 5 * 1024 * 1024 + 123;

/** A new key every time, which is gone before the disk has written much of it. */
export function streamIn() {
  return {
    title: "stream 256 MiB in",
    kind: "large",
    verbs: ["putStream", "getStream", "delete", "head"],
    writes: true,
    bytes: STREAM_BYTES,
    check: checkStream,
    run: (store, slice) => store.putStream(`videos/${slice}.bin`, chunks(STREAM_BYTES, sameChunk())),
    after: async (store, slice) => {
      assertBytes((await store.head(`videos/${slice}.bin`)).size);
      await store.delete(`videos/${slice}.bin`);
    },
  };
}

export function streamOut() {
  return {
    title: "stream 256 MiB out",
    kind: "large",
    verbs: ["putStream", "getStream", "delete"],
    bytes: STREAM_BYTES,
    prepare: (store) => store.putStream("videos/0.bin", chunks(STREAM_BYTES, sameChunk())),
    check: checkStream,
    run: async (store) => assertBytes(await drain(await store.getStream("videos/0.bin"))),
    finish: (store) => store.delete("videos/0.bin"),
  };
}

/** A Node stream of `size` bytes that tells nobody how many there are. */
export function chunks(size, nextChunk) {
  let left = size;
  return new Readable({
    read() {
      const chunk = left > 0 ? nextChunk().subarray(0, left) : null;
      left -= chunk?.byteLength ?? 0;
      this.push(chunk);
    },
  });
}

/** For timing: the source costs nothing, so that the store is what is timed. */
export function sameChunk() {
  const chunk = randomBytes(CHUNK_BYTES);
  return () => chunk;
}

/** For memory: the source makes garbage as a socket does. */
export function freshChunks() {
  let made = 0;
  return () => Buffer.alloc(CHUNK_BYTES, ++made & 0xff);
}

/** For memory: small pieces of larger blocks, as from a parser of forms or archives. */
function smallViews() {
  let block = Buffer.alloc(0);
  return () => {
    if (block.byteLength === 0) block = Buffer.alloc(CHUNK_BYTES, 1);
    const view = block.subarray(0, 1024);
    block = block.subarray(1024);
    return view;
  };
}

export const SOURCES = { fresh: freshChunks, views: smallViews };

/** Reads a Node stream or a Web stream to its end. @returns how many bytes there were */
export async function drain(source, onChunk = () => {}) {
  let bytes = 0;
  const count = (chunk) => {
    bytes += chunk.byteLength;
    onChunk(chunk);
  };
  if (source instanceof Readable) await pipeline(source, nowhere(count));
  else for await (const chunk of source) count(chunk);
  return bytes;
}

function nowhere(onChunk) {
  return new Writable({
    write(chunk, _encoding, done) {
      onChunk(chunk);
      done();
    },
  });
}

async function checkStream(store) {
  const content = randomBytes(CHECK_BYTES);
  let offset = 0;
  const next = () => content.subarray(offset, (offset += CHUNK_BYTES));
  await store.putStream("check/stream.bin", chunks(CHECK_BYTES, next));
  const hash = createHash("sha256");
  await drain(await store.getStream("check/stream.bin"), (chunk) => hash.update(chunk));
  const expected = createHash("sha256").update(content).digest("hex");
  return hash.digest("hex") === expected ? undefined : "other bytes came back";
}

function assertBytes(bytes) {
  if (bytes !== STREAM_BYTES) throw new Error(`${bytes} bytes instead of ${STREAM_BYTES}`);
}
