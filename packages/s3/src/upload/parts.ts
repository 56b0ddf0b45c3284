const MIB = 1024 * 1024;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const PARTS_MAX = 10_000;

/** The size of all parts but the last, in bytes: as large as it must be for a body of this size. */
export function partSizeFor(size: number | undefined, least: number): number {
  if (size === undefined || size <= least * PARTS_MAX) return least;
  return Math.ceil(size / PARTS_MAX / MIB) * MIB;
}

/** Buffers for parts, used again: a fresh one costs more than filling it. */
export interface Buffers {
  readonly take: () => Uint8Array;
  /** Takes back a buffer, or a stretch from its beginning. Memory of another's is ignored. */
  readonly give: (part: Uint8Array) => void;
}

/** As many as are taken at once; they go when the upload does. */
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
