import { createHash } from "node:crypto";
import { nextTurn } from "../kit/clock.js";

/** The most bytes that are hashed in one turn of the event loop, which takes a few milliseconds. */
const PIECE_BYTES = 1024 * 1024;

/** Returns the SHA-256 of bytes that are in memory, in lower-case hexadecimal. Others have their turn meanwhile. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    if (at > 0) await nextTurn();
    hash.update(bytes.subarray(at, at + PIECE_BYTES));
  }
  return hash.digest("hex");
}
