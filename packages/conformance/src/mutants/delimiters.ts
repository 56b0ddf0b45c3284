import type { ListOptions } from "@stowage/core/provider";
import type { ListPage, StorageProvider } from "@stowage/core";
import { mutant, type Break, type Mutant } from "../mutant.js";
import { listOptions, listed } from "./breaks.js";
import { ghostly } from "./lists.js";

/** Makes a break that changes each page of a listing, but only if the listing uses the delimiter. */
function rolled(change: (page: ListPage, options: ListOptions) => ListPage): Break {
  return listed((page, options) => (options.delimiter === undefined ? page : change(page, options)));
}

/** Makes a break that changes the options of a listing, but only if the listing uses the delimiter. */
function rolledOptions(change: (options: ListOptions & { readonly prefix: string }) => ListOptions): Break {
  return listOptions((options) =>
    options.delimiter === undefined ? options : change({ ...options, prefix: options.prefix ?? "" }),
  );
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/**
 * Returns the common prefix that a listing shows for a folder. The common prefix ends with the first slash that follows
 * the listing's prefix in the folder's name.
 */
function levelOf(folder: string, prefix: string): string {
  return folder.slice(0, folder.indexOf("/", prefix.length) + 1);
}

function withFolders(page: ListPage, folders: readonly string[], prefix: string): ListPage {
  const shown = folders
    .map((folder) => levelOf(folder, prefix))
    .filter((name) => name.length > prefix.length);
  return { ...page, prefixes: [...new Set([...page.prefixes, ...shown])].sort() };
}

/** A fault that a mutant has: a listing shows every folder that ever held an object. */
const keepsFolders: Break = (inner) => {
  const folders = new Set<string>();
  const put: StorageProvider["put"] = async (key, body, options) => {
    const info = await inner.put(key, body, options);
    folders.add(folderOf(key));
    return info;
  };
  const shown = rolled((page, { prefix = "", limit, cursor }) =>
    limit !== undefined || cursor !== undefined
      ? page
      : withFolders(
          page,
          [...folders].filter((folder) => folder.startsWith(prefix)),
          prefix,
        ),
  );
  return shown({ ...inner, put });
};

/** A fault that a mutant has: the last folder of a page is shown again on the next page. */
const repeatsFolders: Break = (inner) => {
  const last = new Map<string, string | undefined>();
  return rolled((page, { cursor }) => {
    const before = cursor === undefined ? undefined : last.get(cursor);
    if (page.cursor !== undefined) last.set(page.cursor, page.prefixes.at(-1));
    return before === undefined ? page : { ...page, prefixes: [before, ...page.prefixes] };
  })(inner);
};

export const delimiterMutants: readonly Mutant[] = [
  mutant(
    "with the delimiter, each folder is shown once, as a common prefix",
    "shows a folder for each object in it",
    rolled((page) => ({
      ...page,
      prefixes: page.prefixes.flatMap((name) => [name, name]),
    })),
  ),
  mutant(
    "with the delimiter, a listing of a folder shows only the folder's own level",
    "shows everything below a folder",
    rolledOptions((options) =>
      options.prefix.split("/").length > 2 ? { ...options, delimiter: undefined } : options,
    ),
  ),
  mutant(
    "the delimiter works with a prefix that ends inside a segment",
    "cuts a prefix at its last slash",
    rolledOptions((options) => ({
      ...options,
      prefix: folderOf(options.prefix),
    })),
  ),
  mutant(
    "with the delimiter, a listing of a folder's name without the slash shows the common prefix, not the folder's content",
    "adds the missing slash to a prefix",
    rolledOptions((options) => ({
      ...options,
      prefix: options.prefix.endsWith("b/c") ? `${options.prefix}/` : options.prefix,
    })),
  ),
  mutant(
    "a folder has no common prefix after its last object has been deleted",
    "keeps empty folders",
    keepsFolders,
  ),
  mutant("a failed put leaves no common prefix", "shows the folders of failed puts", (inner) =>
    ghostly(inner, folderOf, (page, ghosts, { delimiter, prefix = "" }) =>
      delimiter === undefined ? page : withFolders(page, ghosts, prefix),
    ),
  ),
  mutant(
    "objects and common prefixes count together against the limit",
    "counts only objects",
    rolledOptions(({ limit, ...options }) => ({
      ...options,
      limit: limit === undefined ? undefined : limit + 1,
    })),
  ),
  mutant(
    "with the delimiter, a listing in pages gives the same result as a listing in one page",
    "shows folders on the first page only",
    rolled((page, { cursor }) => (cursor === undefined ? page : { ...page, prefixes: [] })),
  ),
  mutant(
    "after a page that ends with a common prefix, the next page begins after the whole folder",
    "repeats a folder on the next page",
    repeatsFolders,
  ),
  mutant(
    "common prefixes are in UTF-8 byte order",
    "sorts folders as JavaScript does",
    rolled((page) => ({
      ...page,
      prefixes: page.prefixes.toSorted(),
    })),
  ),
];
