import type { Readable } from "node:stream";
import { consume } from "../kit/abort.js";

/**
 * Fills buffers with the bytes of a stream, one buffer after the other. A full buffer is sent when the next bytes
 * arrive. The stream is paused while a buffer is being sent.
 *
 * @param take - Returns the next buffer to fill. A buffer that was sent before may be returned again.
 * @returns The filled part of the last buffer. This part has not been sent.
 */
export async function fillParts(
  source: Readable,
  signal: AbortSignal | undefined,
  take: () => Uint8Array,
  send: (part: Uint8Array) => Promise<void>,
): Promise<Uint8Array> {
  let part = take();
  let used = 0;
  const fill = (chunk: Uint8Array, from: number): number => {
    const piece = chunk.subarray(from, from + part.byteLength - used);
    part.set(piece, used);
    used += piece.byteLength;
    return from + piece.byteLength;
  };
  const sendAndFill = async (chunk: Uint8Array, from: number): Promise<void> => {
    for (let done = from; done < chunk.byteLength; done = fill(chunk, done)) {
      if (used < part.byteLength) continue;
      await send(part);
      part = take();
      used = 0;
    }
  };
  await consume(source, signal, (chunk) => {
    const done = fill(chunk, 0);
    return done === chunk.byteLength ? undefined : sendAndFill(chunk, done);
  });
  return part.subarray(0, used);
}
