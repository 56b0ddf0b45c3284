import type { ByteRange } from "@stowage/core";

/**
 * The range in a `Range` header, or `undefined` when there is none that can be served in one piece: several
 * ranges or another unit are left out, as RFC 9110 allows, and the whole object is sent.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-range
 */
export function parseRange(header: string | undefined): ByteRange | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === "") return last === "" || Number(last) === 0 ? undefined : { suffix: Number(last) };
  const offset = Number(first);
  if (last === "") return { offset };
  return Number(last) < offset ? undefined : { offset, length: Number(last) - offset + 1 };
}
