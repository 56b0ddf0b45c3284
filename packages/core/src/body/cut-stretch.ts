import type { Readable } from "node:stream";

/**
 * Yields the bytes of a stream that are inside a range. The bytes before the range are read and dropped. Reading stops at the end
 * of the range.
 */
export async function* cutStretch(
  stream: Readable,
  { offset, length }: { readonly offset: number; readonly length: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0;
  if (length === 0) return;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    const part = chunk.subarray(Math.max(0, offset - position), Math.max(0, offset + length - position));
    position += chunk.byteLength;
    if (part.byteLength > 0) yield part;
    if (position >= offset + length) return;
  }
}
