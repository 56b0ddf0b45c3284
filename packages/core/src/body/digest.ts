import { types } from "node:util";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { ObjectInfo } from "../contract/object.js";
import { consume } from "../kit/abort.js";
import { nextTurn } from "../kit/clock.js";

/** The maximum number of bytes that are hashed in one turn of the event loop. Hashing them takes a few milliseconds. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Returns the SHA-256 of bytes that are in memory, in lower-case hexadecimal. The bytes are hashed in pieces, so that
 * other work of the process can run between two pieces.
 */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    if (at > 0) await nextTurn();
    hash.update(bytes.subarray(at, at + PIECE_BYTES));
  }
  return hash.digest("hex");
}

/** Reads a body to its end, and returns its SHA-256 in lower-case hexadecimal. An abort closes the body. */
export async function digestOfBody(body: Uint8Array | Readable, signal?: AbortSignal): Promise<string> {
  if (types.isUint8Array(body)) return await sha256Of(body);
  const hash = createHash("sha256");
  await consume(body, signal, (chunk) => void hash.update(chunk));
  return hash.digest("hex");
}

/** Returns the SHA-256 that a provider reports for an object. */
export function sha256In({ checksum }: ObjectInfo): string | undefined {
  return checksum?.algorithm === "sha256" ? checksum.value : undefined;
}

/** Passes a stream on. The stream fails at its end if the digest of its bytes is not `expected`. */
export function checkedStream(source: Readable, expected: string, onWrong: () => Error): Readable {
  return Readable.from(checked(source, expected, onWrong), { objectMode: false });
}

async function* checked(
  source: Readable,
  expected: string,
  onWrong: () => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash("sha256");
  for await (const chunk of source as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== expected) throw onWrong();
}
