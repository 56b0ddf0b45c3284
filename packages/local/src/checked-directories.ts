import { lstat, realpath } from "node:fs/promises";
import { join } from "node:path";
import {
  MovedError,
  READ_FLAGS,
  assertDevice,
  makeFolder,
  modeOf,
  refuseLink,
  splitPath,
  syncDirectory,
  track,
  type Directories,
  type DirectoriesOptions,
  type Directory,
} from "./directories.js";
import { codeOf, open } from "./system.js";
import { pruneUpward } from "./pruning.js";

/**
 * Returns access to folders, for systems that cannot show the path of an open folder. Before each use, the real path of
 * a folder is compared with the expected path.
 */
export function checkedDirectories(options: DirectoriesOptions): Directories {
  const { root } = options;
  const tasks = new Set<Promise<void>>();
  const hold = async (path: string, create = false): Promise<Directory> => {
    const full = join(root, path);
    if (create) await makeFolders(options, path);
    await assertReal(full);
    const facts = await lstat(full);
    if (!facts.isDirectory()) throw Object.assign(new Error(`${full} is not a folder`), { code: "ENOTDIR" });
    return { start: `${full}/`, fd: undefined, isGone: () => false, release: () => {} };
  };
  return {
    peek: () => undefined,
    hold,
    openFile: async (path) => {
      const { parent, name } = splitPath(path);
      const { start } = await hold(parent);
      return await open(start + name, READ_FLAGS);
    },
    forget: () => {},
    prune: (path, top) => track(tasks, pruneUpward({ hold, forget: () => {} }, top, path)),
    close: async () => {
      while (tasks.size > 0) await Promise.allSettled(tasks);
    },
  };
}

async function assertReal(path: string): Promise<void> {
  const real = await realpath(path).catch(async (error: unknown) => {
    // A symbolic link to a missing path is refused too.
    if (codeOf(error) === "ENOENT") await refuseLink(path);
    throw error;
  });
  if (real !== path) throw new MovedError(`${path} is reached through a symbolic link`);
}

async function makeFolders(options: DirectoriesOptions, path: string): Promise<void> {
  const { root } = options;
  if (path === "") return;
  const full = join(root, path);
  const facts = await lstat(full).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (facts !== undefined) return;
  const { parent } = splitPath(path);
  await makeFolders(options, parent);
  const real = join(root, parent);
  await assertReal(real);
  assertDevice(options, await lstat(real, { bigint: true }));
  await makeFolder(full, modeOf(options, path));
  if (options.durable) await syncDirectory({ fd: undefined, start: `${real}/` });
}
