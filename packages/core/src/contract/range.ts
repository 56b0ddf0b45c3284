import { StorageError } from "./errors.js";
import { describeType } from "./key.js";
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

/** Throws a `TypeError` unless `range` is one: whole, non-negative numbers; `length` and `suffix` above zero. */
export function assertRange(range: ByteRange): void {
  if (typeof range !== "object" || range === null) {
    throw new TypeError(`range is { offset, length? } or { suffix }, not ${describeType(range)}`);
  }
  if ("suffix" in range) return assertBytes("range.suffix", range.suffix, 1);
  assertBytes("range.offset", range.offset, 0);
  if (range.length !== undefined) assertBytes("range.length", range.length, 1);
}

function assertBytes(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new TypeError(`${name} is a whole number of bytes, at least ${least}, not ${String(value)}`);
}
