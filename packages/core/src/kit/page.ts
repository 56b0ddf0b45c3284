import { compareKeys } from "../contract/key.js";
import { packCursor } from "./cursor.js";
import { type ListPage } from "../contract/provider.js";
import { LIST_LIMIT_DEFAULT, type ListOptions } from "../contract/call-options.js";
import type { ObjectInfo } from "../contract/object.js";

/** Returns the entry that a listing shows for a key: the key itself, or the common prefix that contains the key. */
export function listEntry(key: string, options: ListOptions): string {
  if (options.delimiter === undefined) return key;
  const end = key.indexOf(options.delimiter, options.prefix?.length ?? 0);
  return end === -1 ? key : key.slice(0, end + options.delimiter.length);
}

/** A builder that fills a page with sorted entries until the page is full. Rolled-up keys count once. */
export class PageBuilder {
  readonly #options: ListOptions;
  readonly #limit: number;
  readonly #objects: ObjectInfo[] = [];
  readonly #prefixes: string[] = [];
  #last: string | undefined;
  #full = false;

  constructor(options: ListOptions, after?: string) {
    this.#options = options;
    this.#limit = options.limit ?? LIST_LIMIT_DEFAULT;
    this.#last = after;
  }

  /** Tells whether an entry comes after the last entry of the page, and is therefore new to the page. */
  wants(entry: string): boolean {
    return this.#last === undefined || compareKeys(entry, this.#last) > 0;
  }

  /** Adds an object or a common prefix. Returns `false` when the page was already full. */
  add(entry: string, info?: ObjectInfo): boolean {
    if (this.#objects.length + this.#prefixes.length >= this.#limit) {
      this.#full = true;
      return false;
    }
    if (info === undefined) this.#prefixes.push(entry);
    else this.#objects.push(info);
    this.#last = entry;
    return true;
  }

  /** Returns the page. The page has a cursor if an entry was refused, because then there are more entries. */
  build(): ListPage {
    const page = { objects: this.#objects, prefixes: this.#prefixes };
    return this.#full ? { ...page, cursor: packCursor(this.#last, this.#options) } : page;
  }
}
