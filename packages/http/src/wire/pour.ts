import { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { canReadInto } from "@stowage/core/provider";

/** The lengths of blocks, in bytes. Long blocks are twice as fast. Short blocks take little memory while a slow client reads them. */
const BLOCK_BYTES = { least: 64 * 1024, most: 512 * 1024 };

/**
 * The times, in milliseconds, that separate fast and slow blocks. A block is fast if the client takes it in less than
 * `least`, and slow if the client needs more than `most`.
 */
const BLOCK_MS = { least: 5, most: 50 };

/**
 * The number of fast blocks after which blocks become longer. A few fast blocks prove nothing: the buffers of a connection take
 * the first blocks quickly even if the client is slow.
 */
const QUICK_BLOCKS = 16;

/**
 * Sends a stream that can read into the memory of its reader. Uses two blocks in turn: one block is read while the other is
 * sent. So no new memory is needed while a file is sent. Resolves when everything is sent, or when the client has left.
 *
 * @returns `false` if the stream, or the rest of it, has to be piped.
 */
export async function pour(stream: Readable, response: ServerResponse): Promise<boolean> {
  if (!isPlain(response) || !canReadInto(stream)) return false;
  const writer = writerTo(response, stream);
  let [block, other] = [EMPTY, EMPTY];
  let sent = Promise.resolve();
  while (canReadInto(stream)) {
    if (block.byteLength !== writer.length) block = Buffer.allocUnsafeSlow(writer.length);
    const count = await stream.readInto(block).catch((error: unknown) => {
      if (response.destroyed) return 0;
      throw error;
    });
    await sent;
    if (response.destroyed) return true;
    if (count === 0) {
      await writer.end();
      return true;
    }
    sent = writer.write(block.subarray(0, count));
    [block, other] = [other, block];
  }
  await sent;
  return response.destroyed;
}

const EMPTY = Buffer.alloc(0);

/**
 * Tells whether the response calls the callbacks of writes. If middleware compresses answers, it replaces `write` and does not
 * call the callbacks.
 */
function isPlain(response: ServerResponse): boolean {
  return response.write === ServerResponse.prototype.write && response.end === ServerResponse.prototype.end;
}

/** A writer to a response. It releases the source when the client leaves. */
interface Writer {
  /** The length of the next block, in bytes. */
  readonly length: number;
  /** Resolves when the bytes have left this process, or when the client has gone. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly end: () => Promise<void>;
}

function writerTo(response: ServerResponse, source: Readable): Writer {
  let length = BLOCK_BYTES.least;
  let quick = 0;
  let settle: (() => void) | undefined;
  response.once("close", () => {
    source.destroy();
    settle?.();
  });
  const settled = (start: (done: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      settle = resolve;
      start(resolve);
    });
  const adapt = (milliseconds: number): void => {
    quick = milliseconds < BLOCK_MS.least ? quick + 1 : 0;
    if (quick === QUICK_BLOCKS) {
      length = Math.min(length * 2, BLOCK_BYTES.most);
      quick = 0;
    } else if (milliseconds > BLOCK_MS.most) {
      length = Math.max(length / 2, BLOCK_BYTES.least);
    }
  };
  return {
    get length() {
      return length;
    },
    write: async (bytes) => {
      const from = performance.now();
      await settled((done) => response.write(bytes, done));
      adapt(performance.now() - from);
    },
    end: () => settled((done) => response.end(done)),
  };
}
