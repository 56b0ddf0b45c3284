import { StorageError } from "./errors.js";
import type { ByteRange, ServedRange } from "./object.js";

/**
 * The stretch of an object of `size` bytes that a range asks for; a range that ends after the object is cut.
 *
 * @throws StorageError `InvalidRange` when no byte of the object lies in it.
 */
export function resolveRange(
  range: ByteRange,
  size: number,
  context: { key: string; provider: string },
): ServedRange {
  const offset = "suffix" in range ? Math.max(0, size - range.suffix) : range.offset;
  const wanted = "suffix" in range ? range.suffix : (range.length ?? Number.POSITIVE_INFINITY);
  const length = Math.min(wanted, size - offset);
  if (length > 0) return { offset, length, size };
  throw new StorageError("InvalidRange", `the object has ${size} bytes, none of them in the range`, {
    operation: "get",
    ...context,
  });
}
