import type { Readable } from "node:stream";

/** The first bytes of a body, and the whole body. */
export interface Peeked {
  /** The first bytes: the requested number of bytes, or all bytes if the body has fewer. */
  readonly head: Uint8Array;
  /** The whole body, from its first byte. It can be read only once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Releases the body without reading it. */
  readonly destroy: () => void;
}

/**
 * Reads the first bytes of a body. Returns these bytes and the whole body.
 *
 * @param length - The number of bytes that are wanted.
 */
export async function peek(source: Readable, length: number): Promise<Peeked> {
  const rest = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < length) {
    const { done, value } = await rest.next();
    if (done === true) break;
    chunks.push(value);
    bytes += value.byteLength;
  }
  return {
    head: Buffer.concat(chunks).subarray(0, length),
    body: joined(chunks, rest),
    destroy: () => void source.destroy(),
  };
}

/** Yields the chunks that were already read, and then the rest of the body. If the reader stops early, releases the source. */
async function* joined(
  chunks: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* chunks;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
