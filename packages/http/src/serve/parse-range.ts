import type { ByteRange } from "@stowage/core";

/** The name of the unit is case-insensitive. @see https://www.rfc-editor.org/rfc/rfc9110#name-range-units */
const ONE_RANGE = /^bytes=[ \t]*(?<first>\d*)-(?<last>\d*)[ \t]*$/i;

/**
 * Returns the range that a `Range` header asks for. Returns `undefined` if the header has to be ignored: it has a different
 * unit, several ranges, or no valid range. In that case send the whole object with status 200, which HTTP always allows.
 *
 * The result for `bytes=-0` is `{ suffix: 0 }`. No object can satisfy this range.
 *
 * @param header - The value of the header; `null` or `undefined` if there is no such header.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-range
 * @example
 * ```ts
 * parseRange("bytes=0-99"); // { offset: 0, length: 100 }
 * parseRange("bytes=-500"); // { suffix: 500 }
 * ```
 */
export function parseRange(header: string | null | undefined): ByteRange | undefined {
  const groups = ONE_RANGE.exec(header ?? "")?.groups;
  const { first = "", last = "" } = groups ?? {};
  if (first === "") return last === "" ? undefined : { suffix: toCount(last) };
  const offset = toCount(first);
  if (last === "") return { offset };
  const end = toCount(last);
  return end < offset ? undefined : { offset, length: end - offset + 1 };
}

/** Returns the number that the digits represent, but at most the largest safe integer. */
function toCount(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER - 1);
}
