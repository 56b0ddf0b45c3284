import { isMissing } from "./errors.js";
import type { Dirent } from "node:fs";
import { inFolder, joinPath, readFolder } from "./directories.js";
import type { Layout } from "./layout.js";
import type { Root } from "./root.js";
import { codeOf } from "./system.js";

/** A file met on a walk: the text of its key, and where it is. */
export interface WalkedFile {
  readonly kind: "file";
  readonly text: string;
  readonly folder: string;
  readonly name: string;
}

export type Walked = WalkedFile | { readonly kind: "prefix"; readonly text: string };

export interface WalkOptions {
  readonly prefix: string;
  /** Only what comes after this entry. */
  readonly after: string | undefined;
  /** Folders below the prefix are one entry each. */
  readonly rollUp: boolean;
  readonly signal: AbortSignal | undefined;
}

interface Entry {
  readonly text: string;
  readonly name: string;
  readonly isFolder: boolean;
}

/**
 * Meets the files of a root in the order of listings, and reads only the folders that lie on the way: what
 * comes before `after` or outside `prefix` is passed by its name alone.
 */
export async function* walk(root: Root, options: WalkOptions): AsyncGenerator<Walked, void, undefined> {
  yield* walkFolder(root, root.layout.base, "", options);
}

async function* walkFolder(
  root: Root,
  folder: string,
  start: string,
  options: WalkOptions,
): AsyncGenerator<Walked, void, undefined> {
  options.signal?.throwIfAborted();
  for (const entry of await entriesOf(root, folder, start, options)) {
    const { text, name, isFolder } = entry;
    const path = joinPath(folder, name);
    if (!isFolder) {
      if (isKey(root.layout, text, path)) yield { kind: "file", text, folder, name };
    } else {
      if (!isRolledUp(text, options)) yield* walkFolder(root, path, text, options);
      else if (await holdsFile(root, path, text, options)) yield { kind: "prefix", text };
    }
  }
}

/** Files that others put there may have names that no key has. */
function isKey({ base, holds }: Layout, text: string, path: string): boolean {
  return holds(text, base === "" ? path : path.slice(base.length + 1));
}

function isRolledUp(text: string, { prefix, rollUp }: WalkOptions): boolean {
  return rollUp && text.endsWith("/") && text.length > prefix.length;
}

async function entriesOf(
  root: Root,
  folder: string,
  start: string,
  options: WalkOptions,
): Promise<readonly Entry[]> {
  const { layout } = root;
  const entries: Entry[] = [];
  for (const each of await readIfThere(root, folder)) {
    if (layout.isPrivate(folder, each.name)) continue;
    const isFolder = each.isDirectory();
    if (!isFolder && !each.isFile()) continue;
    const entry = layout.entry(each.name, isFolder);
    if (entry === undefined) continue;
    const text = start + entry.text;
    if (isWanted(text, isFolder, options, layout.compare)) entries.push({ text, name: each.name, isFolder });
  }
  return entries.sort((a, b) => layout.compare(a.text, b.text));
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
  // What lies in a folder comes after it, so the folder itself decides only when it does not lead to `after`.
  const leads = after.startsWith(text);
  const rolled = rollUp && text.endsWith("/") && text.length > prefix.length;
  if (rolled) return compare(text, after) > 0;
  return leads || compare(text, after) > 0;
}

async function readIfThere(root: Root, folder: string): Promise<readonly Dirent[]> {
  try {
    return await inFolder(root.directories, folder, false, readFolder);
  } catch (error) {
    // Removed or replaced since its name was read. The topmost one is for the caller to judge.
    if (folder !== root.layout.base && isGoneByNow(error)) return [];
    throw error;
  }
}

/** Whether what a folder had under a name is not there any more, nothing or a symbolic link in its place. */
export function isGoneByNow(error: unknown): boolean {
  return isMissing(error) || codeOf(error) === "ELOOP";
}

/** A folder without a file in it is no prefix of any key. */
async function holdsFile(root: Root, folder: string, text: string, options: WalkOptions): Promise<boolean> {
  const below = walkFolder(root, folder, text, { ...options, after: undefined, rollUp: false });
  const { done } = await below.next();
  await below.return();
  return done !== true;
}
