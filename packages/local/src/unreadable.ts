import type { Disk } from "./disk.js";
import { inFolder, splitPath } from "./directories.js";
import { codeOf } from "./errno.js";
import { failure, type FailureContext } from "./errors.js";
import { meaningOf } from "./system-errors.js";
import type { Root } from "./opened-root.js";
import { lstat } from "./system.js";

/** The errors of a folder that stays unreadable: the process has no right to read the folder, or the folder is damaged. */
const LASTING: ReadonlySet<string | undefined> = new Set([
  "EACCES",
  "EPERM",
  "EBADMSG",
  "EUCLEAN",
  "ENOKEY",
  "ERR_ACCESS_DENIED",
]);

/**
 * Returns the reason why a listing skips a folder or file. Throws an error that names the folder or file if the listing
 * must not skip it.
 */
export async function passOver(
  disk: Disk,
  root: Root,
  path: string,
  error: unknown,
  context: FailureContext,
): Promise<string> {
  const [code, meaning] =
    meaningOf(error) ?? (["Unknown", `the file system answered ${codeOf(error)}`] as const);
  const isRoot = path === root.layout.base;
  const isLasting = LASTING.has(codeOf(error)) && !isRoot;
  if (isLasting && (disk.skipsUnreadable || (await isLostAndFound(root, path))))
    return `the file or folder cannot be read: ${meaning}`;
  const cure = isLasting ? '; set unreadable: "skip" to leave it out of listings' : "";
  throw failure(
    code,
    `${JSON.stringify(isRoot ? root.path : path)} cannot be read: ${meaning}${cure}`,
    context,
    error,
  );
}

/**
 * The folder for files without a name. A check of the file system puts such files there. Every volume has such a
 * folder, and only the administrator may read it.
 */
const LOST_AND_FOUND = "lost+found";

async function isLostAndFound(root: Root, path: string): Promise<boolean> {
  const { parent, name } = splitPath(path);
  if (name !== LOST_AND_FOUND) return false;
  return parent === root.layout.base || (await isVolume(root, parent));
}

/** Tells whether a different volume is mounted on a folder. */
async function isVolume({ directories }: Root, path: string): Promise<boolean> {
  const { parent, name } = splitPath(path);
  return await inFolder(directories, parent, false, async ({ start }) => {
    const [above, own] = await Promise.all([lstat(`${start}.`), lstat(start + name)]);
    return above.dev !== own.dev;
  });
}
