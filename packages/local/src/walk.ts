import { keyProblem } from "@stowage/core/provider";
import type { Dirent } from "node:fs";
import { inFolder, joinPath, readFolder } from "./directories.js";
import { codeOf } from "./errno.js";
import { isMissing, maybeOfRoot } from "./errors.js";
import { TEMPORARY_PREFIX, isNoObject } from "./foreign-names.js";
import { isInnerEntry } from "./inner-roots.js";
import type { Layout } from "./layout.js";
import type { Root } from "./opened-root.js";
import { foreignNames, type ForeignName } from "./undecoded-names.js";

/** A file that a walk has found, with its folder, its name and the text of its key. */
export interface WalkedFile {
  readonly kind: "file";
  readonly text: string;
  readonly folder: string;
  readonly name: string;
}

/** An entry that is skipped, with the reason. */
export interface WalkedOver {
  readonly kind: "skipped";
  readonly text: string;
  readonly reason: string;
}

export type Walked = WalkedFile | WalkedOver | { readonly kind: "prefix"; readonly text: string };

export interface WalkOptions {
  readonly prefix: string;
  /** The entry after which the walk begins. */
  readonly after: string | undefined;
  /** True if each folder below the prefix is returned as one entry. */
  readonly rollUp: boolean;
  /** Returns the reason why an unreadable folder is skipped, or throws an error if it must not be skipped. */
  readonly unreadable: (folder: string, error: unknown) => Promise<string>;
  readonly signal: AbortSignal | undefined;
}

interface Entry {
  readonly text: string;
  readonly name: string;
  readonly isFolder: boolean;
  /** The reason why the entry is neither an object nor a folder of objects. */
  readonly problem: string | undefined;
}

/** The number of files of one folder that are yielded together. Yielding each file alone takes as long as reading its name. */
const AT_ONCE = 128;

/**
 * Yields the files of a root in the order of listings. Reads only the folders that are needed: the name of an entry
 * shows whether the entry comes before `after` or lies outside `prefix`.
 */
export async function* walk(
  root: Root,
  options: WalkOptions,
): AsyncGenerator<readonly Walked[], void, undefined> {
  yield* walkFolder(root, root.layout.base, "", options);
}

async function* walkFolder(
  root: Root,
  folder: string,
  start: string,
  options: WalkOptions,
): AsyncGenerator<readonly Walked[], void, undefined> {
  options.signal?.throwIfAborted();
  const entries = await entriesOf(root, folder, start, options);
  if (typeof entries === "string") {
    yield [{ kind: "skipped", text: start, reason: entries }];
    return;
  }
  let found: Walked[] = [];
  for (const { text, name, isFolder, problem } of entries) {
    const path = joinPath(folder, name);
    const reason = problem ?? (isFolder ? undefined : nameProblem(root.layout, text, path));
    const isWalked = isFolder && reason === undefined;
    if (reason !== undefined) found.push({ kind: "skipped", text, reason });
    else if (!isFolder) found.push({ kind: "file", text, folder, name });
    if (isWalked || found.length === AT_ONCE) {
      yield found;
      found = [];
    }
    if (isWalked) {
      const inside = isRolledUp(text, options) ? rolledUp : walkFolder;
      yield* inside(root, path, text, options);
    }
  }
  yield found;
}

function isRolledUp(text: string, { prefix, rollUp }: WalkOptions): boolean {
  return rollUp && text.endsWith("/") && text.length > prefix.length;
}

/**
 * Yields a folder as one entry if there is a file in it. A folder without files is not the prefix of any key, so only
 * its skipped entries are yielded.
 */
async function* rolledUp(
  root: Root,
  folder: string,
  text: string,
  options: WalkOptions,
): AsyncGenerator<readonly Walked[], void, undefined> {
  const over: WalkedOver[] = [];
  const inside = { ...options, after: undefined, rollUp: false };
  for await (const items of walkFolder(root, folder, text, inside)) {
    for (const item of items) {
      if (item.kind !== "skipped") {
        yield [{ kind: "prefix", text }];
        return;
      }
      over.push(item);
    }
  }
  yield over;
}

/** Returns the entries of a folder in the order of listings, or the reason why the folder is skipped. */
async function entriesOf(
  root: Root,
  folder: string,
  start: string,
  options: WalkOptions,
): Promise<readonly Entry[] | string> {
  const { layout } = root;
  const found = await readIfThere(root, folder, options);
  if (typeof found === "string") return found;
  const entries: Entry[] = [];
  let undecoded = false;
  for (const each of found) {
    const { name } = each;
    const isFolder = each.isDirectory();
    if (layout.isPrivate(folder, name) || !(isFolder || each.isFile())) continue;
    // Node puts this character in the place of bytes that are not UTF-8.
    if (name.includes("\uFFFD")) undecoded = true;
    else if (!name.startsWith(".") || !(await isPassedBy(root, folder, each))) {
      add(layout, entries, start, { name, isFolder, problem: undefined }, options);
    }
  }
  if (undecoded) {
    for (const each of await foreignNames(root, folder)) add(layout, entries, start, each, options);
  }
  return entries.sort((a, b) => layout.compare(a.text, b.text));
}

/**
 * Tells whether an entry is left out of the listing and of `skipped`: an unfinished object, a file that was deleted
 * while it was open, or the provider's own folder of an inner root.
 */
async function isPassedBy(root: Root, folder: string, entry: Dirent): Promise<boolean> {
  if (entry.isDirectory()) return folder !== "" && (await isInnerEntry(root, folder, entry));
  if (entry.name.startsWith(TEMPORARY_PREFIX)) root.temporaries.met(folder, entry.name);
  return isNoObject(entry.name);
}

function add(
  layout: Layout,
  entries: Entry[],
  start: string,
  { name, isFolder, problem }: ForeignName,
  options: WalkOptions,
): void {
  const entry = problem === undefined ? layout.entry(name, isFolder) : undefined;
  const text = start + (entry?.text ?? layout.toText(isFolder ? `${name}/` : name));
  if (!isWanted(text, isFolder, options, layout.compare)) return;
  entries.push({ text, name, isFolder, problem: entry === undefined ? (problem ?? NOT_OURS) : undefined });
}

const NOT_OURS = "the layout does not produce this name";

/**
 * Returns the reason why a file is not an object, or `undefined` for an object. If the name of a file belongs to no
 * key, a different program has put the file there.
 */
function nameProblem({ base, holds, fromText }: Layout, text: string, path: string): string | undefined {
  if (holds(text, base === "" ? path : path.slice(base.length + 1))) return undefined;
  return keyProblem(fromText(text)) ?? NOT_OURS;
}

function isWanted(
  text: string,
  isFolder: boolean,
  { prefix, after, rollUp }: WalkOptions,
  compare: (a: string, b: string) => number,
): boolean {
  const fits = text.startsWith(prefix) || (isFolder && prefix.startsWith(text));
  if (!fits || after === undefined) return fits;
  if (!isFolder) return compare(text, after) > 0;
  // The entries in a folder come after the folder itself. So the folder's own text decides only if `after` does not lie
  // in the folder.
  const leads = after.startsWith(text);
  const rolled = rollUp && text.endsWith("/") && text.length > prefix.length;
  if (rolled) return compare(text, after) > 0;
  return leads || compare(text, after) > 0;
}

async function readIfThere(
  root: Root,
  folder: string,
  { unreadable }: WalkOptions,
): Promise<readonly Dirent[] | string> {
  try {
    return await inFolder(root.directories, folder, false, readFolder);
  } catch (error) {
    // The folder was removed or replaced after its name was read. For the topmost folder, the caller decides.
    if (isGoneByNow(error) && folder !== root.layout.base) return [];
    if (maybeOfRoot(error)) throw error;
    return await unreadable(folder, error);
  }
}

/**
 * Tells whether an entry has disappeared since its folder was read. The place of the entry is then empty, or there is a
 * symbolic link.
 */
export function isGoneByNow(error: unknown): boolean {
  return isMissing(error) || codeOf(error) === "ELOOP";
}
