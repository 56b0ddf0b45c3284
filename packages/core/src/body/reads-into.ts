import type { Readable } from "node:stream";

/** A byte stream that can also read into memory of its reader. A reader that uses the same memory again saves an allocation for each chunk. */
export interface ReadsInto extends Readable {
  /** `false` once the stream is read in another way, has ended, or cannot. */
  readonly canReadInto: boolean;
  /**
   * Reads the next bytes into memory of the caller. One call at a time, while `canReadInto` is true.
   *
   * @returns The number of bytes; 0 at the end.
   */
  readonly readInto: (target: Uint8Array) => Promise<number>;
}

/** Tells whether a stream can read into memory of its reader now. */
export function canReadInto(stream: Readable | undefined): stream is ReadsInto {
  return (stream as Partial<ReadsInto> | undefined)?.canReadInto === true;
}
