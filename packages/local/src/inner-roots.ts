import type { Dirent } from "node:fs";
import { inFolder } from "./directories.js";
import { isMissing } from "./errors.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import type { Root } from "./opened-root.js";
import { lstat } from "./system.js";

/** The file by which a folder is known as a root's own. */
const MARKER = "layout.json";

/** Every place in a path behind which a root inside the root may keep its own files. */
const INNER = new RegExp(`(?<=/)${PRIVATE_FOLDER.replace(".", "\\.")}/`, "gi");

/** Returns whether a key may lie among the own files of a root inside the root: that of nearly none does. */
export function mayBeInner({ layout }: Root, key: string): boolean {
  return layout.name === "plain" && key.includes("/.") && key.search(INNER) !== -1;
}

/** Returns whether a key lies among the own files of a root inside the root. */
export async function isInner(root: Root, key: string): Promise<boolean> {
  if (!mayBeInner(root, key)) return false;
  for (const { index, 0: name } of key.matchAll(INNER)) {
    const end = index + name.length;
    if (key.slice(end) === MARKER || (await isRootsOwn(root, key.slice(0, end - 1)))) return true;
  }
  return false;
}

/** Returns whether an entry of a folder is what a root inside the root keeps for itself. */
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
