import { StorageError, type ListPage, type StorageProvider } from "@stowage/core";
import { packCursor, unpackCursor, type ListOptions } from "@stowage/core/provider";
import { mutant, type Break, type Mutant } from "../mutant.js";
import { find, listOptions, listed, recovering, verbs } from "./breaks.js";

/** Returns the content of a cursor of the memory provider: version, prefix, delimiter and position. */
function contentOf(cursor: string): readonly unknown[] {
  try {
    const content: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(content) ? content : [];
  } catch {
    return [];
  }
}

/** Makes a break that accepts a cursor of a listing with a different prefix or delimiter. */
function adopts(what: "prefix" | "delimiter"): Break {
  return listOptions((options) => {
    if (options.cursor === undefined) return options;
    const [, prefix, delimiter, position] = contentOf(options.cursor);
    const fits = { ...options, prefix: (prefix as string) ?? "", delimiter: (delimiter as "/") || undefined };
    const adopted = { ...fits, [what]: options[what] };
    return { ...options, cursor: position === undefined ? options.cursor : packCursor(position, adopted) };
  });
}

/**
 * Makes a break that remembers a value for every cursor that a listing returns. When a listing is given the cursor, the
 * break uses this value.
 */
function remembering<T>(
  learn: (options: ListOptions, page: ListPage, inner: StorageProvider) => Promise<T> | T,
  use: (known: T, options: ListOptions, page: ListPage) => ListPage,
): Break {
  return (inner) => {
    const known = new Map<string, T>();
    const list: StorageProvider["list"] = async (options) => {
      const page = await inner.list(options);
      if (page.cursor !== undefined) known.set(page.cursor, await learn(options, page, inner));
      const fact = options.cursor === undefined ? undefined : known.get(options.cursor);
      return fact === undefined ? page : use(fact, options, page);
    };
    return { ...inner, list };
  };
}

/** A fault that a mutant has: a cursor is the number of objects that were listed before. */
const countsObjects: Break = verbs((inner) => ({
  list: async (options) => {
    if (options.delimiter !== undefined) return await inner.list(options);
    const offset = (unpackCursor(options, inner.name) as number | undefined) ?? 0;
    if (typeof offset !== "number") throw wrongCursor(inner);
    const { objects } = await inner.list({ ...options, cursor: undefined, limit: undefined });
    const end = offset + (options.limit ?? objects.length);
    const page = { objects: objects.slice(offset, end), prefixes: [] };
    return end < objects.length ? { ...page, cursor: packCursor(end, options) } : page;
  },
}));

function wrongCursor(inner: StorageProvider): StorageError {
  return new StorageError("InvalidArgument", "the mutant refuses the cursor", {
    operation: "list",
    provider: inner.name,
  });
}

async function keysOf(inner: StorageProvider, prefix: string | undefined): Promise<Set<string>> {
  return new Set((await inner.list({ prefix })).objects.map(({ key }) => key));
}

const usesOnce: Break = (inner) => {
  const used = new Set<string>();
  const list: StorageProvider["list"] = async (options) => {
    const again = options.cursor !== undefined && options.limit === undefined && used.has(options.cursor);
    if (again) throw wrongCursor(inner);
    if (options.cursor !== undefined) used.add(options.cursor);
    return await inner.list(options);
  };
  return { ...inner, list };
};

const startsAgain = (when: (cursor: string) => boolean): Break =>
  verbs((inner) => ({
    list: (options) =>
      recovering(
        () => inner.list(options),
        (error) => {
          if (options.cursor === undefined || !when(options.cursor) || contentOf(options.cursor).length === 4)
            throw error;
          return inner.list({ ...options, cursor: undefined });
        },
      ),
  }));

export const cursorMutants: readonly Mutant[] = [
  mutant(
    "no page has more objects than the limit",
    "gives one object more than the limit",
    listOptions((options) => ({
      ...options,
      limit: options.limit === 4 ? 5 : options.limit,
    })),
  ),
  mutant(
    "the pages of a listing together give every key once, for every limit",
    "skips a key between two pages",
    listed((page, { cursor, limit }) =>
      cursor === undefined || limit !== 2 ? page : { ...page, objects: page.objects.slice(1) },
    ),
  ),
  mutant(
    "the pages of a listing together are in UTF-8 byte order",
    "reverses the two objects of a page",
    listed((page, { limit }) => (limit === 2 ? { ...page, objects: page.objects.toReversed() } : page)),
  ),
  mutant(
    "a listing continues even if the last key before its cursor is deleted",
    "ends the listing if the key of the cursor is gone",
    verbs((inner) => ({
      list: async (options) => {
        const position = contentOf(options.cursor ?? "")[3];
        const lost =
          typeof position === "string" && !position.endsWith("/") && !(await find(inner, position));
        return lost ? { objects: [], prefixes: [] } : await inner.list(options);
      },
    })),
  ),
  mutant(
    "a key that is added during a listing does not hide or repeat other keys",
    "returns cursors that count objects",
    countsObjects,
  ),
  mutant(
    "a listing shows a new key if the key sorts after the cursor",
    "shows only the objects that existed when the listing began",
    remembering(
      ({ prefix }, _page, inner) => keysOf(inner, prefix),
      (keys, _options, page) => ({ ...page, objects: page.objects.filter(({ key }) => keys.has(key)) }),
    ),
  ),
  mutant("a cursor can be used twice", "accepts a cursor only once", usesOnce),
  mutant(
    "a cursor can be used with a different limit",
    "accepts a cursor only with the same limit",
    remembering(
      ({ limit }) => limit,
      (limit, options, page) =>
        options.limit === undefined || options.limit === limit
          ? page
          : { ...page, objects: [], cursor: undefined },
    ),
  ),
  mutant(
    "a cursor is printable ASCII text that can be sent in a URL",
    "returns a cursor that is not safe in a URL",
    (inner) => {
      const shown = listed((page) => ({
        ...page,
        cursor: page.cursor === undefined ? undefined : Buffer.from(page.cursor, "base64url").toString(),
      }));
      const understood = listOptions((options) => ({
        ...options,
        cursor:
          options.cursor?.startsWith("[") === true
            ? Buffer.from(options.cursor).toString("base64url")
            : options.cursor,
      }));
      return shown(understood(inner));
    },
  ),
  mutant(
    "a cursor from a listing with another prefix is refused with InvalidArgument",
    "accepts a cursor of a different prefix",
    adopts("prefix"),
  ),
  mutant(
    "a cursor that was made without the delimiter is refused with InvalidArgument when it is used with the delimiter",
    "accepts a cursor of a different delimiter",
    adopts("delimiter"),
  ),
  mutant(
    "an invalid cursor rejects with InvalidArgument",
    "restarts the listing when it does not understand a cursor",
    startsAgain((cursor) => cursor !== ""),
  ),
  mutant(
    "an empty cursor rejects with InvalidArgument, and does not restart the listing",
    "treats an empty cursor as a missing cursor",
    startsAgain((cursor) => cursor === ""),
  ),
  mutant(
    "a listing can start directly after any key, even after a key that no object has",
    "begins a listing with the key itself",
    listOptions((options) => ({ ...options, after: options.after?.slice(0, -1) })),
  ),
  mutant(
    "a listing that starts after a key can have several pages, and gives each later key once",
    "begins each page after the key",
    (inner) => {
      let began: string | undefined;
      return {
        ...inner,
        list: (options) => {
          began = options.cursor === undefined ? options.after : began;
          const again = began !== undefined && options.cursor !== undefined;
          return inner.list(again ? { ...options, cursor: undefined, after: began } : options);
        },
      };
    },
  ),
  mutant(
    "with the delimiter, a listing that starts after a common prefix skips the whole folder",
    "shows the common prefix again",
    verbs((inner) => ({
      list: async (options) => {
        const page = await inner.list(options);
        const { after = "", delimiter } = options;
        return delimiter !== undefined && after.endsWith(delimiter)
          ? { ...page, prefixes: [after, ...page.prefixes] }
          : page;
      },
    })),
  ),
];
