import type { Readable } from "node:stream";

/**
 * A byte stream that can also write its bytes directly into a buffer of the caller. A reader that reuses the same memory saves an allocation for each
 * chunk.
 */
export interface ReadsInto extends Readable {
  /** False if the stream is being read in another way, has ended, or cannot read into memory. */
  readonly canReadInto: boolean;
  /**
   * Reads the next bytes into the caller's memory. Calls are allowed only while `canReadInto` is true, and only one call may run
   * at a time.
   *
   * @returns The number of bytes; 0 at the end.
   */
  readonly readInto: (target: Uint8Array) => Promise<number>;
}

/** Tells whether a stream can read into its reader's memory now. */
export function canReadInto(stream: Readable | undefined): stream is ReadsInto {
  return (stream as Partial<ReadsInto> | undefined)?.canReadInto === true;
}
