import { type Directories, inFolder, readFolder, joinPath, splitPath, track } from "./directories.js";
import { rmdir, codeOf } from "./system.js";

/** Removes a folder that holds only empty folders. Returns `false` if the folder holds anything else. */
export async function removeEmpty(directories: Directories, path: string): Promise<boolean> {
  for (const entry of await inFolder(directories, path, false, readFolder)) {
    if (!entry.isDirectory() || !(await removeEmpty(directories, joinPath(path, entry.name)))) return false;
  }
  const { parent, name } = splitPath(path);
  const directory = await directories.hold(parent);
  try {
    await rmdir(directory.start + name);
    directories.forget(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOTEMPTY") return false;
    throw error;
  } finally {
    directory.release();
  }
}

/** Removes empty folders from `path` upwards. Stops before `top`. */
export async function pruneUpward(
  { hold, forget }: Pick<Directories, "hold" | "forget">,
  top: string,
  path: string,
): Promise<void> {
  let folder = path;
  while (folder !== top && folder !== "") {
    const { parent, name } = splitPath(folder);
    const directory = await hold(parent);
    try {
      await rmdir(directory.start + name);
      // If the removed folder stayed open, a listing through its descriptor would succeed and be empty.
      forget(folder);
    } catch (error) {
      // Usually the loop ends at a folder that is not empty. A folder that is gone already does not end the loop.
      if (codeOf(error) !== "ENOENT") return;
    } finally {
      directory.release();
    }
    folder = parent;
  }
}

/** Empty folders that are removed when they are no longer open. */
export interface Pruning {
  /** Removes empty folders from `path` upwards when they are no longer open. Stops before `top`. */
  readonly add: (path: string, top: string) => void;
  /** Removes the waiting folders, except for open ones. */
  readonly run: (isOpen: (path: string) => boolean) => void;
}

/**
 * Returns a list of empty folders that wait to be removed.
 *
 * @param tasks - The set in which each removal is kept while it runs.
 */
export function createPruning(
  folders: Pick<Directories, "hold" | "forget">,
  tasks: Set<Promise<void>>,
): Pruning {
  const waiting = new Map<string, string>();
  return {
    add: (path, top) => void waiting.set(path, top),
    run: (isOpen) => {
      for (const [path, top] of waiting) {
        if (isOpen(path)) continue;
        waiting.delete(path);
        track(tasks, pruneUpward(folders, top, path));
      }
    },
  };
}
