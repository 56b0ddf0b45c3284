import fs from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { close, codeOf, fsync, lstat, mkdir, open, rmdir, tolerate } from "./system.js";

/** How symbolic links on the way to a file are noticed. */
export type SymlinkCheck = "descriptor" | "realpath";

/** A folder inside the root that is certain to be where its path says, for as long as it is held. */
export interface Directory {
  /** What a name is appended to: `/proc/self/fd/7/`, or the folder's path. */
  readonly start: string;
  /** Present where the folder can be synced. */
  readonly fd: number | undefined;
  /** Whether the folder was deleted or moved since it was opened. */
  readonly isGone: () => boolean;
  readonly release: () => void;
}

export interface Directories {
  /** Opens a folder by its path below the root; `create` makes it and its parents when they are missing. */
  readonly hold: (path: string, create?: boolean) => Promise<Directory>;
  /** Forgets a folder that turned out to be gone, so that the next `hold` opens it anew. */
  readonly forget: (path: string) => void;
  /** Has empty folders from `path` upward removed, up to but not with `top`, as soon as nobody uses them. */
  readonly prune: (path: string, top: string) => void;
  readonly close: () => Promise<void>;
}

export interface DirectoriesOptions {
  /** The root, without symbolic links. */
  readonly root: string;
  readonly check: SymlinkCheck;
  readonly mode: number;
  /** Whether a new folder is on the disk before it is used. */
  readonly durable: boolean;
}

/** A symbolic link, or a folder moved away: what is behind the path is not what the path says. */
export class MovedError extends Error {
  override readonly name = "MovedError";
  readonly code = "ELOOP";
}

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;

/** How long an opened folder is trusted to be where it was, in milliseconds: a rename by hand shows after it. */
const TRUST_MS = 5;

/** Opens folders so that no component of their path can be a symbolic link. */
export function createDirectories(options: DirectoriesOptions): Directories {
  return options.check === "descriptor" ? byDescriptor(options) : byRealpath(options);
}

interface Opened {
  readonly path: string;
  readonly directory: Promise<{ readonly fd: number; readonly start: string }>;
  /** Whether it was to be made when it was missing. */
  readonly creates: boolean;
  users: number;
  checkedAt: number;
}

/**
 * The substitute for `openat`, which Node does not have: `/proc/self/fd/N/name` is resolved from the opened
 * folder itself, so nothing that happens to its path afterwards matters, and where the descriptor really is
 * can be read without touching a disk. A folder stays open while calls follow each other and is closed when
 * the event loop comes round without one.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
 */
function byDescriptor(options: DirectoriesOptions): Directories {
  const { root } = options;
  const opened = new Map<string, Opened>();
  const pruning = new Map<string, string>();
  const closing = new Set<Promise<void>>();
  let sweep: NodeJS.Immediate | undefined;

  const drop = (entry: Opened): void => {
    if (opened.get(entry.path) === entry) opened.delete(entry.path);
    const closed = entry.directory.then(
      ({ fd }) => close(fd),
      () => {},
    );
    track(closing, closed);
  };
  const idle = (): void => {
    sweep = undefined;
    for (const entry of opened.values()) if (entry.users === 0) drop(entry);
    for (const [path, top] of pruning) {
      if (opened.has(path)) continue;
      pruning.delete(path);
      track(closing, pruneUpward(hold, top, path));
    }
  };
  const release = (entry: Opened): void => {
    entry.users--;
    if (entry.users > 0) return;
    if (opened.get(entry.path) !== entry) drop(entry);
    else sweep ??= setImmediate(idle);
  };
  const enter = (path: string, create: boolean): Opened => {
    const known = opened.get(path);
    if (known !== undefined) return known;
    const directory = openChecked(options, path, create);
    const entry = { path, directory, creates: create, users: 0, checkedAt: performance.now() };
    opened.set(path, entry);
    return entry;
  };
  const hold = async (path: string, create = false): Promise<Directory> => {
    const entry = enter(path, create);
    entry.users++;
    try {
      const { fd, start } = await entry.directory;
      const isGone = (): boolean => !isInPlace(fd, join(root, path));
      const now = performance.now();
      if (now - entry.checkedAt <= TRUST_MS || !isGone()) {
        if (now - entry.checkedAt > TRUST_MS) entry.checkedAt = now;
        return { fd, start, isGone, release: () => release(entry) };
      }
      forget(path);
    } catch (error) {
      if (opened.get(path) === entry) opened.delete(path);
      // Who opened it did not want it made; this caller does.
      const makeIt = create && !entry.creates && codeOf(error) === "ENOENT";
      release(entry);
      if (!makeIt) throw error;
      return await hold(path, create);
    }
    release(entry);
    return await hold(path, create);
  };
  const forget = (path: string): void => {
    const entry = opened.get(path);
    if (entry === undefined) return;
    opened.delete(path);
    if (entry.users === 0) drop(entry);
  };
  return {
    hold,
    forget,
    prune: (path, top) => {
      pruning.set(path, top);
      sweep ??= setImmediate(idle);
    },
    close: async () => {
      if (sweep !== undefined) clearImmediate(sweep);
      idle();
      while (closing.size > 0) await Promise.allSettled(closing);
    },
  };
}

function track(tasks: Set<Promise<void>>, task: Promise<void>): void {
  const quiet = task.catch(() => {}).finally(() => tasks.delete(quiet));
  tasks.add(quiet);
}

async function openChecked(
  options: DirectoriesOptions,
  path: string,
  create: boolean,
): Promise<{ readonly fd: number; readonly start: string }> {
  const full = join(options.root, path);
  const fd = await openFolder(options, path, create);
  try {
    assertInPlace(fd, full);
    return { fd, start: `/proc/self/fd/${fd}/` };
  } catch (error) {
    await close(fd);
    throw error;
  }
}

async function openFolder(options: DirectoriesOptions, path: string, create: boolean): Promise<number> {
  const full = join(options.root, path);
  try {
    return await open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") await refuseLink(full);
    if (codeOf(error) !== "ENOENT" || !create || path === "") throw error;
  }
  // The parent is held open and checked, so the new folder cannot be made outside.
  const { parent: above, name } = splitPath(path);
  const parent = await openChecked(options, above, create);
  try {
    await tolerate(mkdir(parent.start + name, options.mode), "EEXIST");
    if (options.durable) await fsync(parent.fd);
    return await open(parent.start + name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } finally {
    await close(parent.fd);
  }
}

/** `O_NOFOLLOW` with `O_DIRECTORY` answers "not a folder" for a link too. */
async function refuseLink(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts?.isSymbolicLink() === true) throw new MovedError(`${path} is a symbolic link`);
}

function assertInPlace(fd: number, path: string): void {
  if (!isInPlace(fd, path)) throw new MovedError(`${path} is reached through a symbolic link`);
}

function isInPlace(fd: number, path: string): boolean {
  // Answered by the kernel from memory: no disk is asked, so the event loop does not wait for one.
  return fs.readlinkSync(`/proc/self/fd/${fd}`) === path;
}

/** Where the system has no such paths: the real path is compared before each use. */
function byRealpath(options: DirectoriesOptions): Directories {
  const { root } = options;
  const tasks = new Set<Promise<void>>();
  const hold = async (path: string, create = false): Promise<Directory> => {
    const full = join(root, path);
    if (create) await makeFolders(options, path);
    if ((await realpath(full)) !== full) throw new MovedError(`${full} is reached through a symbolic link`);
    const facts = await lstat(full);
    if (!facts.isDirectory()) throw Object.assign(new Error(`${full} is not a folder`), { code: "ENOTDIR" });
    return { start: `${full}/`, fd: undefined, isGone: () => false, release: () => {} };
  };
  return {
    hold,
    forget: () => {},
    prune: (path, top) => track(tasks, pruneUpward(hold, top, path)),
    close: async () => {
      while (tasks.size > 0) await Promise.allSettled(tasks);
    },
  };
}

async function makeFolders(options: DirectoriesOptions, path: string): Promise<void> {
  const { root, mode } = options;
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
  if ((await realpath(real)) !== real) throw new MovedError(`${real} is reached through a symbolic link`);
  await tolerate(mkdir(full, mode), "EEXIST");
  if (options.durable) await syncDirectory({ fd: undefined, start: `${real}/` });
}

/** Waits until a folder's entries are on the disk. Windows has no way to. */
export async function syncDirectory({ fd, start }: Pick<Directory, "fd" | "start">): Promise<void> {
  if (fd !== undefined) return await fsync(fd);
  if (process.platform === "win32") return;
  const own = await open(start, O_RDONLY | O_DIRECTORY);
  await fsync(own).finally(() => close(own));
}

async function pruneUpward(hold: Directories["hold"], top: string, path: string): Promise<void> {
  let folder = path;
  while (folder !== top && folder !== "") {
    const { parent, name } = splitPath(folder);
    const directory = await hold(parent);
    try {
      await rmdir(directory.start + name);
    } catch (error) {
      // Not empty is the usual end; gone already is no reason to stop.
      if (codeOf(error) !== "ENOENT") return;
    } finally {
      directory.release();
    }
    folder = parent;
  }
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
    const directory = await directories.hold(path, create);
    try {
      return await work(directory);
    } catch (error) {
      const again = codeOf(error) === "ENOENT" && (create || directory.isGone());
      if (!again || misses === MISSES_MAX) throw error;
      directories.forget(path);
    } finally {
      directory.release();
    }
  }
}
