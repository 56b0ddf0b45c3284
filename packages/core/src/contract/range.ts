import { StorageError } from "./errors.js";
import type { ByteRange, ServedRange } from "./object.js";

/** The parts of a range. Those that the range does not have are `undefined`. */
interface Parts {
  readonly offset?: number | undefined;
  readonly length?: number | undefined;
  readonly suffix?: number | undefined;
}

/**
 * Returns the stretch that a range asks for in an object of `size` bytes. A range that ends after the object is cut.
 *
 * @throws StorageError `InvalidRange` when no byte of the object lies in it.
 */
export function resolveRange(
  range: ByteRange,
  size: number,
  context: { key: string; provider: string },
): ServedRange {
  const { suffix, offset: first = 0, length: wanted = suffix ?? Number.POSITIVE_INFINITY }: Parts = range;
  const offset = suffix === undefined ? first : Math.max(0, size - suffix);
  const length = Math.min(wanted, size - offset);
  if (length > 0) return { offset, length, size };
  throw new StorageError("InvalidRange", `the range lies outside the object, which has ${size} bytes`, {
    operation: "get",
    ...context,
  });
}
