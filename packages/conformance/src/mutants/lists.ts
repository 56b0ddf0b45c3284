import { LIST_LIMIT_DEFAULT, compareKeys, type ListOptions } from "@stowage/core/provider";
import { type ObjectInfo, type StorageProvider } from "@stowage/core";
import { mutant, type Break, type Mutant } from "../mutant.js";
import { infos, invented, listOptions, listed, verbs } from "./breaks.js";

/** Puts the objects of a page in the wrong order. */
function sorts(compare: (a: string, b: string) => number): Break {
  return listed((page, { limit }) =>
    limit === undefined ? { ...page, objects: page.objects.toSorted((a, b) => compare(a.key, b.key)) } : page,
  );
}

const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
const bySegments = (a: string, b: string): number =>
  byText(a.replaceAll("/", "\u0001"), b.replaceAll("/", "\u0001"));
const byUpperCase = (a: string, b: string): number => byText(a.toUpperCase(), b.toUpperCase());

/**
 * Makes a break of `list`. The broken `list` shows the keys in the rule's folder that `matching` accepts, and does not
 * compare keys with the prefix.
 */
function matches(matching: (key: string, prefix: string) => boolean): Break {
  return verbs((inner) => ({
    list: async (options) => {
      const { prefix = "", cursor, limit, delimiter } = options;
      const folder = prefix.slice(0, prefix.indexOf("/") + 1);
      if (cursor !== undefined || limit !== undefined || delimiter !== undefined)
        return await inner.list(options);
      const page = await inner.list({ ...options, prefix: folder });
      return { ...page, objects: page.objects.filter(({ key }) => matching(key, prefix)) };
    },
  }));
}

function matchesPattern(key: string, prefix: string): boolean {
  try {
    return new RegExp(`^${prefix}`).test(key);
  } catch {
    return key.startsWith(prefix);
  }
}

const isFolderOf = (key: string, prefix: string): boolean =>
  key === prefix || key.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);

export const listMutants: readonly Mutant[] = [
  mutant(
    "a listing shows every object once, including objects in folders",
    "does not look into deep folders",
    listed((page) => ({
      ...page,
      objects: page.objects.filter(({ key }) => key.split("/").length < 6),
    })),
  ),
  mutant(
    "a listing is in UTF-8 byte order, also across folders",
    "sorts without regard to case",
    sorts(byUpperCase),
  ),
  mutant(
    "a folder is sorted by its name with the slash, not by the name alone",
    "sorts folder by folder",
    sorts(bySegments),
  ),
  mutant(
    "characters above U+FFFF come after all other characters, as in UTF-8 byte order",
    "sorts as JavaScript does",
    sorts(byText),
  ),
  mutant("a prefix is a plain string prefix", "treats a prefix as a folder", matches(isFolderOf)),
  mutant(
    "a listing whose prefix ends with a slash shows only the objects in that folder",
    "drops the slash at the end of a prefix",
    listOptions((options) => ({
      ...options,
      ...(options.cursor === undefined &&
        options.limit === undefined && { prefix: options.prefix?.replace(/\/$/, "") }),
    })),
  ),
  mutant(
    "a listing whose prefix is a whole key shows the object with that key",
    "shows only keys that are longer than the prefix",
    listed((page, { prefix }) => ({
      ...page,
      objects: page.objects.filter(({ key }) => key !== prefix),
    })),
  ),
  mutant(
    "special characters in a prefix stand for themselves",
    "treats a prefix as a pattern",
    matches(matchesPattern),
  ),
  mutant(
    "a prefix is case-sensitive",
    "compares a prefix without regard to case",
    matches((key, prefix) => key.toLowerCase().startsWith(prefix.toLowerCase())),
  ),
  mutant(
    "a prefix that matches no key gives an empty page without a cursor",
    "gives an empty page a cursor",
    listed((page, { prefix = "" }) => (prefix.includes("nothing") ? { ...page, cursor: "more" } : page)),
  ),
  mutant("a listing that fits on one page has no cursor", "gives every first page a cursor", (inner) => {
    const list: StorageProvider["list"] = async (options) => {
      if (options.cursor === "the end") return { objects: [], prefixes: [] };
      const page = await inner.list(options);
      return { ...page, cursor: page.cursor ?? (page.objects.length === 2 ? "the end" : undefined) };
    };
    return { ...inner, list };
  }),
  mutant(
    "without a delimiter there are no common prefixes",
    "always shows folders",
    listed((page, { prefix = "", delimiter }) => {
      if (delimiter !== undefined) return page;
      const folders = page.objects.map(({ key }) => key.slice(0, key.indexOf("/", prefix.length) + 1));
      return {
        ...page,
        prefixes: [...new Set(folders)].filter((name) => name.length > prefix.length).sort(compareKeys),
      };
    }),
  ),
  mutant(
    "a listing gives the same key, size, provider and ref as head",
    "lists without sizes",
    infos((info, verb) => (verb === "list" ? { ...info, size: 0 } : info)),
  ),
  mutant(
    "a listing gives the etag that head gives",
    "lists etags without quotes",
    infos((info, verb) => (verb === "list" ? { ...info, etag: info.etag?.replaceAll('"', "") } : info)),
  ),
  mutant(
    "a listing shows the new facts of a replaced object",
    "lists the old facts of a replaced object",
    (inner) => {
      const seen = new Map<string, ObjectInfo>();
      const remember = (info: ObjectInfo): ObjectInfo => {
        if (!seen.has(info.key)) seen.set(info.key, info);
        return seen.get(info.key) ?? info;
      };
      return listed((page) => ({ ...page, objects: page.objects.map(remember) }))(inner);
    },
  ),
  mutant("a failed put is not listed", "lists failed puts", (inner) =>
    ghostly(
      inner,
      (key) => key,
      (page, ghosts, options) =>
        options.delimiter === undefined && !options.prefix?.endsWith("a.txt")
          ? { ...page, objects: [...page.objects, ...ghosts.map((key) => invented(inner, key))] }
          : page,
    ),
  ),
];

type Page = Awaited<ReturnType<StorageProvider["list"]>>;

/** Remembers the keys of failed puts, and lets `show` add them to listings. */
export function ghostly(
  inner: StorageProvider,
  toGhost: (key: string) => string,
  show: (page: Page, ghosts: string[], options: ListOptions) => Page,
): StorageProvider {
  const ghosts = new Set<string>();
  const put: typeof inner.put = (key, body, options) =>
    inner.put(key, body, options).catch((error: unknown) => {
      ghosts.add(toGhost(key));
      throw error;
    });
  const list: typeof inner.list = async (options) => {
    const page = await inner.list(options);
    if (page.cursor !== undefined || (options.limit ?? LIST_LIMIT_DEFAULT) < 10) return page;
    return show(
      page,
      [...ghosts].filter((key) => key.startsWith(options.prefix ?? "")),
      options,
    );
  };
  return { ...inner, put, list };
}
