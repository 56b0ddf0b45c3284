import fs, { type BigIntStats, type Dirent } from "node:fs";
import { dirname } from "node:path";
import { codeOf, isDeniedByNode, isStale } from "./errno.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import { isLacking } from "./system-errors.js";
import { chmod, close, fchmod, fsync, fstat, isShared, lstat, mkdir, open, readdir } from "./system.js";

/** The way in which symbolic links on the path to a file are detected. */
export type SymlinkCheck = "descriptor" | "realpath";

/** A folder inside the root. While the folder is held, its path certainly leads to this folder. */
export interface Directory {
  /** The text that is put in front of a name: `/proc/4711/fd/7/`, or the folder's path. */
  readonly start: string;
  /** The folder's descriptor. Absent if folders are not held open. */
  readonly fd: number | undefined;
  /** Tells whether the folder was deleted or moved since it was opened. */
  readonly isGone: () => boolean;
  readonly release: () => void;
}

export interface Directories {
  /** Returns a folder immediately if it is already open. Returns `undefined` if the folder has to be opened first. */
  readonly peek: (path: string) => Directory | undefined;
  /** Opens a folder by its path below the root. With `create`, makes the folder and its parents if they are missing. */
  readonly hold: (path: string, create?: boolean) => Promise<Directory>;
  /**
   * Opens a file for a caller that does not need the file's folder. This takes a single system call if the system can
   * show which file it has opened.
   */
  readonly openFile: (path: string) => Promise<number>;
  /** Forgets a folder that turned out to be gone, so that the next `hold` opens the folder again. */
  readonly forget: (path: string) => void;
  /** Removes empty folders from `path` upwards, as soon as they are not in use. Stops before `top`. */
  readonly prune: (path: string, top: string) => void;
  readonly close: () => Promise<void>;
}

export interface DirectoriesOptions {
  /** The path of the root, without symbolic links. */
  readonly root: string;
  /** The device number of the disk that the root is on. Folders are made on this disk only. */
  readonly device: bigint;
  readonly mode: number;
  /** The permissions of the provider's own folders. */
  readonly privateMode: number;
  /** True if a new folder has to be on the disk before it is used. */
  readonly durable: boolean;
}

/** Returns the permissions for the folder with this path below the root. */
export function modeOf({ mode, privateMode }: DirectoriesOptions, path: string): number {
  return path === PRIVATE_FOLDER || path.startsWith(`${PRIVATE_FOLDER}/`) ? privateMode : mode;
}

/**
 * Throws if a folder is not on the disk of the root. Such a folder is on a different file system, or it was hidden below a disk
 * that is no longer mounted.
 */
export function assertDevice({ device }: DirectoriesOptions, { dev }: Pick<BigIntStats, "dev">): void {
  if (dev !== device) throw Object.assign(new Error("The folder is on a different disk"), { code: "EXDEV" });
}

/** The error for a path that contains a symbolic link and therefore leads to a different folder. */
export class MovedError extends Error {
  override readonly name = "MovedError";
  readonly code = "ELOOP";
}

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

/**
 * The flags for reading a file. With these flags, opening does not hang if somebody has put a pipe in the place of the
 * file.
 */
export const READ_FLAGS: number = O_RDONLY | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0);

/** The bit with which a folder passes its group on to new files. A folder that is made inside gets the bit too. */
export const SETGID = 0o2000;

/**
 * Makes a folder with these permissions, unless the folder exists already. The setgid bit, which passes the group on,
 * stays set, as with `mkdir` and `chmod`. The permissions are ignored on a file system that stores none.
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    throw error;
  }
  if (!isShared(mode)) return;
  const fd = await open(path, O_RDONLY | (O_DIRECTORY ?? 0) | (O_NOFOLLOW ?? 0));
  try {
    const kept = (await fstat(fd)).mode & BigInt(SETGID);
    await changeMode(fd, path, mode | Number(kept));
  } finally {
    await close(fd);
  }
}

/** Sets the permissions of an open file or folder, if the file system stores permissions. */
export async function changeMode(fd: number, path: string, mode: number): Promise<void> {
  try {
    // Node's permission model allows this call only with a path.
    await fchmod(fd, mode).catch((error: unknown) => {
      if (!isDeniedByNode(error)) throw error;
      return chmod(path, mode);
    });
  } catch (error) {
    if (!isLacking(error)) throw error;
  }
}

/** Throws if a path is a symbolic link. The flags `O_NOFOLLOW` and `O_DIRECTORY` together report a link as "not a folder". */
export async function refuseLink(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts?.isSymbolicLink() === true) throw new MovedError(`${path} is a symbolic link`);
}

/** Waits until a folder's entries are on the disk. Does nothing on Windows, which has no call for this. */
export async function syncDirectory({ fd, start }: Pick<Directory, "fd" | "start">): Promise<void> {
  if (fd !== undefined) return await fsync(fd);
  if (process.platform === "win32") return;
  const own = await open(start, O_RDONLY | O_DIRECTORY).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
  // The folder was removed in the meantime, with everything in it. So the removal has to reach the disk. A removal is a
  // change of the parent folder, so the parent is synced.
  if (own === undefined) return await syncDirectory({ fd, start: dirname(start) });
  try {
    await fsync(own);
  } finally {
    await close(own);
  }
}

/**
 * Returns the entries of a folder. Throws if the folder was removed while it was open, because the system reports such a folder
 * as empty.
 */
export async function readFolder({ start, isGone }: Directory): Promise<Dirent[]> {
  const entries = await readdir(start);
  if (entries.length > 0 || !isGone()) return entries;
  throw Object.assign(new Error(`${start} was removed`), { code: "ENOENT" });
}

/** Returns the path of a name in a folder. The root's own path is empty. */
export function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Returns the folder of a path below the root, and the name in that folder. */
export function splitPath(path: string): { readonly parent: string; readonly name: string } {
  const cut = path.lastIndexOf("/");
  return { parent: cut === -1 ? "" : path.slice(0, cut), name: path.slice(cut + 1) };
}

const MISSES_MAX = 5;

/**
 * Runs work inside a folder. If the folder was deleted in the meantime, by this provider or by hand, opens the folder
 * again. With `create`, makes the folder again. If a file server no longer knows the open folder, opens the folder once
 * more.
 */
export async function inFolder<T>(
  directories: Directories,
  path: string,
  create: boolean,
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  let staleOnes = 0;
  for (let misses = 0; ; misses++) {
    let directory: Directory | undefined;
    try {
      directory = directories.peek(path) ?? (await directories.hold(path, create));
      return await work(directory);
    } catch (error) {
      const wasStale = isStale(error);
      if (wasStale) directories.forget(path);
      const again = wasStale
        ? staleOnes++ === 0
        : codeOf(error) === "ENOENT" && (create || directory?.isGone() === true);
      if (!again || misses === MISSES_MAX) throw error;
      directories.forget(path);
    } finally {
      directory?.release();
    }
  }
}

/** Keeps a task in a set while the task runs. Ignores a failure of the task. */
export function track(tasks: Set<Promise<void>>, task: Promise<void>): void {
  const quiet = task.catch(() => {}).finally(() => tasks.delete(quiet));
  tasks.add(quiet);
}
