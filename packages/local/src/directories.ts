import fs, { type Dirent } from "node:fs";
import { dirname } from "node:path";
import { close, codeOf, fchmod, fsync, isShared, lstat, mkdir, open, readdir } from "./system.js";

/** How symbolic links on the way to a file are noticed. */
export type SymlinkCheck = "descriptor" | "realpath";

/** A folder inside the root that is certain to be where its path says, for as long as it is held. */
export interface Directory {
  /** What a name is appended to: `/proc/4711/fd/7/`, or the folder's path. */
  readonly start: string;
  /** Present where the folder can be synced. */
  readonly fd: number | undefined;
  /** Whether the folder was deleted or moved since it was opened. */
  readonly isGone: () => boolean;
  readonly release: () => void;
}

export interface Directories {
  /** A folder that is open already, at once; `undefined` when it has to be opened. */
  readonly peek: (path: string) => Directory | undefined;
  /** Opens a folder by its path below the root; `create` makes it and its parents when they are missing. */
  readonly hold: (path: string, create?: boolean) => Promise<Directory>;
  /** Opens a file whose folder nobody needs besides: in one step, where the system can tell what it has opened. */
  readonly openFile: (path: string) => Promise<number>;
  /** Forgets a folder that turned out to be gone, so that the next `hold` opens it anew. */
  readonly forget: (path: string) => void;
  /** Has empty folders from `path` upward removed, up to but not with `top`, as soon as nobody uses them. */
  readonly prune: (path: string, top: string) => void;
  readonly close: () => Promise<void>;
}

export interface DirectoriesOptions {
  /** The root, without symbolic links. */
  readonly root: string;
  readonly mode: number;
  /** Whether a new folder is on the disk before it is used. */
  readonly durable: boolean;
}

/** A symbolic link, or a folder moved away: what is behind the path is not what the path says. */
export class MovedError extends Error {
  override readonly name = "MovedError";
  readonly code = "ELOOP";
}

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

/** For reading a file. A pipe that somebody put in its place must not be waited for. */
export const READ_FLAGS: number = O_RDONLY | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0);

/** Makes a folder with these very permissions, unless there is one. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    throw error;
  }
  if (!isShared(mode)) return;
  const fd = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await fchmod(fd, mode);
  } finally {
    await close(fd);
  }
}

/** `O_NOFOLLOW` with `O_DIRECTORY` answers "not a folder" for a link too. */
export async function refuseLink(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts?.isSymbolicLink() === true) throw new MovedError(`${path} is a symbolic link`);
}

/** Waits until a folder's entries are on the disk. Windows has no way to. */
export async function syncDirectory({ fd, start }: Pick<Directory, "fd" | "start">): Promise<void> {
  if (fd !== undefined) return await fsync(fd);
  if (process.platform === "win32") return;
  const own = await open(start, O_RDONLY | O_DIRECTORY).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
  // It was removed meanwhile, with all that was in it: that is what has to be on the disk.
  if (own === undefined) return await syncDirectory({ fd, start: dirname(start) });
  try {
    await fsync(own);
  } finally {
    await close(own);
  }
}

/** The entries of a folder. One that was removed while it was open reads as an empty one, but it is missing. */
export async function readFolder({ start, isGone }: Directory): Promise<Dirent[]> {
  const entries = await readdir(start);
  if (entries.length > 0 || !isGone()) return entries;
  throw Object.assign(new Error(`${start} was removed`), { code: "ENOENT" });
}

/** The path of a name in a folder; the root's own path is empty. */
export function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The folder of a path below the root, and the name in it. */
export function splitPath(path: string): { readonly parent: string; readonly name: string } {
  const cut = path.lastIndexOf("/");
  return { parent: cut === -1 ? "" : path.slice(0, cut), name: path.slice(cut + 1) };
}

const MISSES_MAX = 5;

/**
 * Works inside a folder. One that was deleted in the meantime, by a pruning or by hand, is opened anew, and
 * made anew when `create` says so.
 */
export async function inFolder<T>(
  directories: Directories,
  path: string,
  create: boolean,
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  for (let misses = 0; ; misses++) {
    let directory: Directory | undefined;
    try {
      directory = directories.peek(path) ?? (await directories.hold(path, create));
      return await work(directory);
    } catch (error) {
      const again = codeOf(error) === "ENOENT" && (create || directory?.isGone() === true);
      if (!again || misses === MISSES_MAX) throw error;
      directories.forget(path);
    } finally {
      directory?.release();
    }
  }
}

/** Keeps a task for as long as it runs; its failure is nobody's. */
export function track(tasks: Set<Promise<void>>, task: Promise<void>): void {
  const quiet = task.catch(() => {}).finally(() => tasks.delete(quiet));
  tasks.add(quiet);
}
