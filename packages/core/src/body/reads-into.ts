import type { Readable } from "node:stream";

/**
 * A byte stream that can also read into memory of its reader. A reader that uses the same memory again saves an allocation for
 * each chunk.
 */
export interface ReadsInto extends Readable {
  /** `false` when the stream is read in another way, has ended, or has no such ability. */
  readonly canReadInto: boolean;
  /**
   * Reads the next bytes into memory of the caller. Only one call may run at a time, and only while `canReadInto` is true.
   *
   * @returns The number of bytes; 0 at the end.
   */
  readonly readInto: (target: Uint8Array) => Promise<number>;
}

/** Tells whether a stream can read into memory of its reader now. */
export function canReadInto(stream: Readable | undefined): stream is ReadsInto {
  return (stream as Partial<ReadsInto> | undefined)?.canReadInto === true;
}
