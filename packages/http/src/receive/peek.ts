import type { Readable } from "node:stream";

/** The first bytes of a body, and the whole body. */
export interface Peeked {
  /** The first bytes: as many as were asked for, or all when the body has fewer. */
  readonly head: Uint8Array;
  /** The whole body, from its first byte. It may be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Lets go of a body that is not to be read. */
  readonly destroy: () => void;
}

/**
 * Reads the first bytes of a body, and gives them back with the rest.
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

/** Gives the chunks that were read, and then the rest. A reader that stops early lets go of the source. */
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
