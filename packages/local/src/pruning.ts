import { type Directories, inFolder, readFolder, joinPath, splitPath, track } from "./directories.js";
import { rmdir, codeOf } from "./system.js";

/** Removes a folder that holds nothing but empty folders; `false` when it holds more than that. */
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

/** Removes empty folders from `path` upward, up to but not with `top`. */
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
      // A listing through a descriptor of a removed folder would be empty instead of failing.
      forget(folder);
    } catch (error) {
      // Not empty is the usual end; gone already is no reason to stop.
      if (codeOf(error) !== "ENOENT") return;
    } finally {
      directory.release();
    }
    folder = parent;
  }
}

/** Empty folders that wait to be removed until nobody has them open. */
export interface Pruning {
  /** Has empty folders removed from `path` upward, up to but not with `top`. */
  readonly add: (path: string, top: string) => void;
  /** Removes what waits, but for folders that are open. */
  readonly run: (isOpen: (path: string) => boolean) => void;
}

/** @param tasks - Where a removal is kept for as long as it runs. */
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
