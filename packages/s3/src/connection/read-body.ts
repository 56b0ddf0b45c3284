import type { Readable } from "node:stream";

/** The error for a body that is longer than its reader allows. */
export class LongBodyError extends Error {
  override readonly name = "LongBodyError";
}

/**
 * Reads a body that fits into memory, by its events. For a small body, Node's own helpers take as long as the reading itself.
 *
 * @throws LongBodyError if the body has more than `mostBytes` bytes. The body is destroyed then.
 */
export function readBody(source: Readable, mostBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    source.once("error", reject);
    source.once("close", () => {
      // An error is expensive to make, and every body is closed after its end.
      if (!source.readableEnded) reject(new Error("closed before its end"));
    });
    source.once("end", () => {
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length));
    });
    source.on("data", (chunk: Buffer) => {
      length += chunk.byteLength;
      chunks.push(chunk);
      if (length > mostBytes) source.destroy(new LongBodyError("the body is too long"));
    });
  });
}
