import type { Dirent } from "node:fs";
import { inFolder } from "./directories.js";
import { isMissing } from "./errors.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import type { Root } from "./opened-root.js";
import { lstat } from "./system.js";

/** The file that marks a folder as the provider's own folder of some root. */
const MARKER = "layout.json";

/**
 * Matches each folder in a path that may be the provider's own folder of an inner root. An inner root is a root inside
 * this root.
 */
const INNER = new RegExp(`(?<=/)${PRIVATE_FOLDER.replace(".", "\\.")}/`, "gi");

/**
 * Tells whether a key may lie in the provider's own folder of an inner root. Does not access the disk, and returns `false` for
 * nearly every key.
 */
export function mayBeInner({ layout }: Root, key: string): boolean {
  return layout.name === "plain" && key.includes("/.") && key.search(INNER) !== -1;
}

/** Tells whether a key lies in the provider's own folder of an inner root. */
export async function isInner(root: Root, key: string): Promise<boolean> {
  if (!mayBeInner(root, key)) return false;
  for (const { index, 0: name } of key.matchAll(INNER)) {
    const end = index + name.length;
    if (key.slice(end) === MARKER || (await isRootsOwn(root, key.slice(0, end - 1)))) return true;
  }
  return false;
}

/** Tells whether an entry of a folder is the provider's own folder of an inner root. */
export async function isInnerEntry(root: Root, folder: string, entry: Dirent): Promise<boolean> {
  if (root.layout.name !== "plain" || entry.name.toLowerCase() !== PRIVATE_FOLDER) return false;
  return entry.isDirectory() && (await isRootsOwn(root, `${folder}/${entry.name}`));
}

async function isRootsOwn({ directories }: Root, folder: string): Promise<boolean> {
  try {
    return await inFolder(directories, folder, false, ({ start }) => lstat(start + MARKER)).then(() => true);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
