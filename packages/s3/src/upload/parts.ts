const MIB = 1024 * 1024;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const PARTS_MAX = 10_000;

/**
 * Returns the size of all parts except the last, in bytes. The size is `least`, or more if the body would otherwise have too
 * many parts.
 */
export function partSizeFor(size: number | undefined, least: number): number {
  if (size === undefined || size <= least * PARTS_MAX) return least;
  return Math.ceil(size / PARTS_MAX / MIB) * MIB;
}

/** Buffers for parts. The buffers are reused, because making a new buffer takes longer than filling a buffer. */
export interface Buffers {
  readonly take: () => Uint8Array;
  /** Takes back a buffer, or a piece from the beginning of a buffer. Ignores memory that does not belong to these buffers. */
  readonly give: (part: Uint8Array) => void;
}

/**
 * Makes the buffers of one upload. A new buffer is made only if all others are in use. All buffers are freed when the
 * upload ends.
 */
export function createBuffers(bytes: number): Buffers {
  const own = new Set<ArrayBufferLike>();
  const free: Uint8Array[] = [];
  return {
    take: () => {
      const part = free.pop();
      if (part !== undefined) return part;
      const made = Buffer.allocUnsafeSlow(bytes);
      own.add(made.buffer);
      return made;
    },
    give: ({ buffer }) => {
      if (own.has(buffer)) free.push(new Uint8Array(buffer));
    },
  };
}
