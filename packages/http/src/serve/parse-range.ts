import type { ByteRange } from "@stowage/core";

/** The name of the unit is case-insensitive. @see https://www.rfc-editor.org/rfc/rfc9110#name-range-units */
const ONE_RANGE = /^bytes=[ \t]*(?<first>\d*)-(?<last>\d*)[ \t]*$/i;

/**
 * Returns the stretch that a `Range` header asks for, or `undefined` when the header is to be ignored: another unit, several
 * ranges, or no valid range. The answer is then the whole object with status 200, as a server may always give it.
 *
 * `{ suffix: 0 }` comes from `bytes=-0`, which no object can satisfy.
 *
 * @param header - The value of the header; `null` and `undefined` when there is none.
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

/** Returns the number that digits stand for, limited to a safe integer. */
function toCount(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER - 1);
}
