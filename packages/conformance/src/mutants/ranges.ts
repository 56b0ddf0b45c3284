import type { GetResult } from "@stowage/core/provider";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { failure } from "./conditions.js";
import { facade, find, getOptions, recovering, results, verbs } from "./breaks.js";
import { BLOCK_BYTES } from "./gets.js";

const ranged = (change: (result: GetResult) => GetResult): Break =>
  results((result, { range }) => (range === undefined ? result : change(result)));

/** Changes the range that the provider is asked for, unless the range is a suffix. */
function asks(
  change: (range: { offset: number; length: number | undefined }) => {
    offset: number;
    length?: number | undefined;
  },
): Break {
  return getOptions((options) => {
    const { range } = options;
    if (range === undefined || "suffix" in range) return options;
    return { ...options, range: change({ offset: range.offset, length: range.length }) };
  });
}

function asksSuffix(change: (suffix: number) => GetOptionsRange): Break {
  return getOptions((options) => {
    const { range } = options;
    return range === undefined || !("suffix" in range)
      ? options
      : { ...options, range: change(range.suffix) };
  });
}

type GetOptionsRange = { readonly offset: number; readonly length?: number } | { readonly suffix: number };

/** Refuses a valid range if `when` is true for the range. */
function refusesRange(
  when: (range: { offset: number; length?: number | undefined; suffix?: number }, size: number) => boolean,
): Break {
  return verbs((inner) => ({
    get: async (key, options) => {
      const size = (await find(inner, key))?.size;
      const range = { offset: 0, ...options.range };
      if (options.range !== undefined && size !== undefined && when(range, size))
        throw failure(inner, "InvalidRange", key, "get");
      return await inner.get(key, options);
    },
  }));
}

/** Returns an empty body for an invalid range, instead of rejecting, if `when` is true for the range. */
function servesNothing(when: (range: { offset?: number }, size: number) => boolean): Break {
  return verbs((inner) => ({
    get: (key, options) =>
      recovering(
        () => inner.get(key, options),
        async (error) => {
          const info = error.code === "InvalidRange" ? await inner.head(key, {}) : undefined;
          if (info === undefined || !when(options.range as { offset?: number }, info.size)) throw error;
          return { info, body: new Uint8Array(0), range: { offset: info.size, length: 0, size: info.size } };
        },
      ),
  }));
}

export const rangeMutants: readonly Mutant[] = [
  mutant(
    "a range with an offset and a length gives exactly those bytes",
    "treats the length of a range as its end",
    asks(({ offset, length }) => ({
      offset,
      length: length !== undefined && length > offset ? length - offset : length,
    })),
  ),
  mutant(
    "a range with only an offset goes to the end of the object",
    "returns two bytes for a range without a length",
    asks(({ offset, length }) => ({ offset, length: length ?? 2 })),
  ),
  mutant(
    "a range may begin at the first byte",
    "ignores the length of a range that begins at the first byte",
    asks(({ offset, length }) => (offset === 0 ? { offset } : { offset, length })),
  ),
  mutant(
    "a range may be the last byte",
    "refuses a range of the last byte",
    refusesRange(({ offset }, size) => offset === size - 1 && size > 1),
  ),
  mutant(
    "a range may be the whole object",
    "refuses a range of the whole object",
    refusesRange(({ offset, length }, size) => offset === 0 && length === size),
  ),
  mutant(
    "a range that goes past the end of the object is cut at the end",
    "refuses a range that ends after the object",
    refusesRange(({ offset, length }, size) => offset < size && offset + (length ?? 0) > size),
  ),
  mutant(
    "a suffix gives the last bytes",
    "treats a suffix as an offset",
    asksSuffix((suffix) => (suffix === 4 ? { offset: suffix } : { suffix })),
  ),
  mutant(
    "a suffix of one byte gives the last byte",
    "returns one byte too many for a suffix of one byte",
    asksSuffix((suffix) => ({ suffix: suffix === 1 ? 2 : suffix })),
  ),
  mutant(
    "a suffix longer than the object gives the whole object",
    "refuses a suffix longer than the object",
    refusesRange(({ suffix }, size) => (suffix ?? 0) > size),
  ),
  mutant(
    "a get returns the range that it serves",
    "does not report the served range",
    ranged((result) => ({ ...result, range: undefined })),
  ),
  mutant(
    "if a range is cut, the served range has the shorter length",
    "reports the requested range as the served range",
    results((result, { range }) => {
      if (result.range === undefined || range === undefined || "suffix" in range) return result;
      return { ...result, range: { ...result.range, length: range.length ?? result.range.length } };
    }),
  ),
  mutant(
    "the served range of a suffix has an offset",
    "gives a suffix the offset 0",
    results((result, { range }) =>
      result.range === undefined || !("suffix" in Object(range))
        ? result
        : { ...result, range: { ...result.range, offset: 0 } },
    ),
  ),
  mutant(
    "a range that starts at the end rejects with InvalidRange",
    "returns no bytes for a range at the end",
    servesNothing(({ offset }, size) => size > 0 && offset === size),
  ),
  mutant(
    "a range that starts after the end rejects with InvalidRange",
    "returns no bytes for a range after the end",
    servesNothing(({ offset = 0 }, size) => offset > size),
  ),
  mutant(
    "a range of an empty object rejects with InvalidRange",
    "returns no bytes for a range of an empty object",
    servesNothing((_range, size) => size === 0),
  ),
  mutant(
    "a get with a range returns the size of the whole object",
    "reports the size of the range",
    results((result) => ({
      ...result,
      info: { ...result.info, size: result.range?.length ?? result.info.size },
    })),
  ),
  mutant(
    "a range in the middle of a large object gives exactly those bytes",
    "repeats a byte between two blocks",
    ranged((result) => {
      const bytes = Uint8Array.from(result.body as Uint8Array);
      if (bytes.byteLength > BLOCK_BYTES) bytes[BLOCK_BYTES] = bytes[BLOCK_BYTES - 1] ?? 0;
      return { ...result, body: bytes };
    }),
  ),
  mutant(
    "a range of a missing key rejects with NotFound",
    "treats a missing object as an empty object",
    verbs((inner) => ({
      get: (key, options) =>
        recovering(
          () => inner.get(key, options),
          (error) => {
            throw options.range !== undefined && error.code === "NotFound"
              ? failure(inner, "InvalidRange", key, "get")
              : error;
          },
        ),
    })),
  ),
  mutant(
    "ifMatch is checked before the range",
    "checks the range before ifMatch",
    refusesRange(({ offset }, size) => offset > size),
  ),
  storageMutant(
    "a get with an invalid range rejects with TypeError",
    "drops a range that it does not understand",
    facade((storage) => ({
      get: async (key, options) => {
        try {
          return await storage.get(key, options);
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
          return await storage.get(key);
        }
      },
    })),
  ),
];
