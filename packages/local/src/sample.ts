import { createHash } from "node:crypto";
import fs from "node:fs";
import { readFully } from "./system.js";

/** Files up to this size are looked at whole, in bytes; of larger ones as much is looked at. */
const SAMPLED_BYTES = 64 * 1024;
const PIECES = 16;
const PIECE_BYTES = SAMPLED_BYTES / PIECES;

/**
 * Returns a digest of pieces of an open file, from its beginning to its end, by which it is known again after it was restored
 * from a backup: of a small file it is the digest of the whole. `undefined` when the file became shorter meanwhile.
 *
 * @param isCached - Its bytes are in memory: it was just written, on a disk of this machine.
 */
export async function sampleOf(fd: number, size: number, isCached: boolean): Promise<string | undefined> {
  const bytes = Buffer.allocUnsafe(Math.min(size, SAMPLED_BYTES));
  const pieces = size <= SAMPLED_BYTES ? [[0, size, 0] as const] : spread(size);
  for (const [offset, length, position] of pieces) {
    const count = isCached
      ? fs.readSync(fd, bytes, offset, length, position)
      : await readFully(fd, bytes, offset, length, position);
    if (count < length) return undefined;
  }
  return createHash("sha256").update(bytes).digest("base64url");
}

/** Returns where the pieces of a large file lie: in the sample, how long, and in the file. */
function spread(size: number): (readonly [number, number, number])[] {
  const last = size - PIECE_BYTES;
  return Array.from({ length: PIECES }, (_, index) => {
    return [index * PIECE_BYTES, PIECE_BYTES, Math.floor((last * index) / (PIECES - 1))] as const;
  });
}
