import { StorageError } from "./errors.js";
import type { ByteRange, ServedRange } from "./object.js";

/** The fields of a range. A field that the range does not have is `undefined`. */
interface Parts {
  readonly offset?: number | undefined;
  readonly length?: number | undefined;
  readonly suffix?: number | undefined;
}

/**
 * Resolves a range for an object of `size` bytes. A range that ends after the end of the object is shortened.
 *
 * @throws StorageError `InvalidRange` if the range contains no byte of the object.
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
