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

/** A file met on a walk: the text of its key, and where it is. */
export interface WalkedFile {
  readonly kind: "file";
  readonly text: string;
  readonly folder: string;
  readonly name: string;
}

/** An entry that is passed over, and why. */
export interface WalkedOver {
  readonly kind: "skipped";
  readonly text: string;
  readonly reason: string;
}

export type Walked = WalkedFile | WalkedOver | { readonly kind: "prefix"; readonly text: string };

export interface WalkOptions {
  readonly prefix: string;
  /** Only what comes after this entry. */
  readonly after: string | undefined;
  /** Folders below the prefix are one entry each. */
  readonly rollUp: boolean;
  /** Says why a folder that cannot be read is passed over, or throws. */
  readonly unreadable: (folder: string, error: unknown) => Promise<string>;
  readonly signal: AbortSignal | undefined;
}

interface Entry {
  readonly text: string;
  readonly name: string;
  readonly isFolder: boolean;
  /** Why it is no object, and no folder of objects. */
  readonly problem: string | undefined;
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
  const entries = await entriesOf(root, folder, start, options);
  if (typeof entries === "string") {
    yield { kind: "skipped", text: start, reason: entries };
    return;
  }
  for (const { text, name, isFolder, problem } of entries) {
    const path = joinPath(folder, name);
    const reason = problem ?? (isFolder ? undefined : nameProblem(root.layout, text, path));
    if (reason !== undefined) yield { kind: "skipped", text, reason };
    else if (!isFolder) yield { kind: "file", text, folder, name };
    else if (!isRolledUp(text, options)) yield* walkFolder(root, path, text, options);
    else yield* rolledUp(root, path, text, options);
  }
}

function isRolledUp(text: string, { prefix, rollUp }: WalkOptions): boolean {
  return rollUp && text.endsWith("/") && text.length > prefix.length;
}

/** Meets a folder as one entry. Without a file in it the folder is no prefix of any key; what is passed over is told. */
async function* rolledUp(
  root: Root,
  folder: string,
  text: string,
  options: WalkOptions,
): AsyncGenerator<Walked, void, undefined> {
  const over: WalkedOver[] = [];
  for await (const item of walkFolder(root, folder, text, { ...options, after: undefined, rollUp: false })) {
    if (item.kind !== "skipped") {
      yield { kind: "prefix", text };
      return;
    }
    over.push(item);
  }
  yield* over;
}

/** Returns the entries of a folder in the order of listings, or why it is passed over. */
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

/** Returns whether an entry is neither an object nor worth a word: unfinished ones, and other roots' own files. */
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

const NOT_OURS = "it is not a name that this layout gives";

/** Returns why a file that others have put there is no object: its name is that of no key. */
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
  // What lies in a folder comes after it, so the folder itself decides only when it does not lead to `after`.
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
    // Removed or replaced since its name was read. The topmost one is for the caller to judge.
    if (isGoneByNow(error) && folder !== root.layout.base) return [];
    if (maybeOfRoot(error)) throw error;
    return await unreadable(folder, error);
  }
}

/** Whether what a folder had under a name is not there any more, nothing or a symbolic link in its place. */
export function isGoneByNow(error: unknown): boolean {
  return isMissing(error) || codeOf(error) === "ELOOP";
}
