import { Readable } from "node:stream";
import { setImmediate as tick } from "node:timers/promises";

/**
 * Makes bytes with a pattern that repeats only after a long distance. So a rule notices a misplaced block. The bytes
 * are the same each time.
 */
export function pattern(length: number, seed = 1): Uint8Array {
  const block = new Uint8Array(Math.min(length, BLOCK_BYTES));
  let state = seed;
  for (let index = 0; index < block.byteLength; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    block[index] = state >>> 24;
  }
  return length <= BLOCK_BYTES ? block : Buffer.alloc(length, block);
}

/**
 * The number of bytes after which the bytes of {@link pattern} repeat. This number is a prime, so no
 * provider has a block size that is a multiple of this number.
 */
const BLOCK_BYTES = 65_521;

/** Yields bytes chunk by chunk. The reader does not learn the total number of bytes in advance. */
export async function* inChunks(
  bytes: Uint8Array,
  chunkBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let offset = 0; offset < bytes.byteLength; offset += chunkBytes) {
    yield bytes.subarray(offset, offset + chunkBytes);
  }
}

/** Makes a Node stream of bytes. The reader does not learn the total number of bytes in advance. */
export function nodeStream(bytes: Uint8Array, chunkBytes: number): Readable {
  return Readable.from(inChunks(bytes, chunkBytes), { objectMode: false });
}

/** Makes a Web stream of bytes. The reader does not learn the total number of bytes in advance. */
export function webStream(bytes: Uint8Array, chunkBytes: number): ReadableStream<Uint8Array> {
  return ReadableStream.from<Uint8Array>(inChunks(bytes, chunkBytes));
}

/** Reads one chunk of a Web stream, and releases the lock on the stream. */
export async function peek(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  await reader.read();
  reader.releaseLock();
}

/** Yields the chunks, waits until they have arrived, and then fails. */
export async function* failingAfter(
  chunks: readonly Uint8Array[],
  error: unknown,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
  for (let turn = 0; turn < ARRIVAL_TURNS; turn++) await tick();
  throw error;
}

/** After this many turns of the event loop, a chunk has passed through a few streams. */
const ARRIVAL_TURNS = 5;

/** A source that stops in the middle until `open` is called. */
export interface GatedSource {
  readonly stream: Readable;
  /** Resolves when the reader has read the first half and requests the rest. */
  readonly begun: Promise<void>;
  /** Lets the rest through. */
  readonly open: () => void;
}

/** Makes a source that gives the first half of the bytes immediately, and the rest when `open` is called. */
export function gated(bytes: Uint8Array): GatedSource {
  const begun = withResolvers();
  const gate = withResolvers();
  const middle = Math.ceil(bytes.byteLength / 2);
  async function* halves(): AsyncGenerator<Uint8Array, void, undefined> {
    yield bytes.subarray(0, middle);
    begun.resolve();
    await gate.promise;
    yield bytes.subarray(middle);
  }
  const stream = Readable.from(halves(), { objectMode: false });
  return { stream, begun: begun.promise, open: gate.resolve };
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A body with a function that tells whether its bytes were requested. */
export interface WatchedSource {
  readonly body: () => Uint8Array;
  readonly touched: () => boolean;
}

export function watched(text = "never read"): WatchedSource {
  let touched = false;
  const body = (): Uint8Array => {
    touched = true;
    return Buffer.from(text);
  };
  return { body, touched: () => touched };
}

/**
 * Makes a file of a form, as busboy and similar parsers return it. A file that is longer than the limit ends at the limit, and
 * looks like a whole file.
 */
export function formFile(chunks: AsyncIterable<Uint8Array>, limit: number = Number.MAX_VALUE): Readable {
  async function* cut(): AsyncGenerator<Uint8Array, void, undefined> {
    let given = 0;
    for await (const chunk of chunks) {
      yield chunk.subarray(0, limit - given);
      given += chunk.byteLength;
      if (given <= limit) continue;
      Object.assign(file, { truncated: true });
      return;
    }
  }
  const file = Readable.from(cut(), { objectMode: false });
  return Object.assign(file, { truncated: false });
}
