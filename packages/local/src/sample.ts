import { createHash } from "node:crypto";
import fs from "node:fs";
import { readFully } from "./system.js";

/** The number of bytes in a sample. Smaller files are sampled as a whole. */
const SAMPLED_BYTES = 64 * 1024;
const PIECES = 16;
const PIECE_BYTES = SAMPLED_BYTES / PIECES;

/**
 * Returns a digest that identifies a file after it was restored from a backup. The file must be open. For a small file, the
 * digest covers all bytes. For a large file, it covers pieces that are spread over the whole file. Returns `undefined` if the
 * file became shorter in the meantime.
 *
 * @param isCached - True if the file's bytes are in memory because the file was just written to a disk of this machine.
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

/**
 * Returns the pieces of a large file. Each piece has its offset in the sample, its length, and its position in the
 * file.
 */
function spread(size: number): (readonly [number, number, number])[] {
  const last = size - PIECE_BYTES;
  return Array.from({ length: PIECES }, (_, index) => {
    return [index * PIECE_BYTES, PIECE_BYTES, Math.floor((last * index) / (PIECES - 1))] as const;
  });
}
