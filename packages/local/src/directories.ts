import fs, { type Dirent } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { close, codeOf, fchmod, fsync, isShared, lstat, mkdir, open, readdir, rmdir } from "./system.js";

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

/** Where the kernel shows what this process has open. `/proc/self` would have it look up the process each time. */
const DESCRIPTORS = `/proc/${process.pid}/fd/`;

/** How long an opened folder is trusted to be where it was, in milliseconds: a rename by hand shows after it. */
const TRUST_MS = 5;

/** How long an opened folder is kept for the next call, in milliseconds. */
const IDLE_MS = 25;

/** Opens folders so that no component of their path can be a symbolic link. */
export function createDirectories(options: DirectoriesOptions): Directories {
  return options.check === "descriptor" ? byDescriptor(options) : byRealpath(options);
}

interface Opened {
  readonly path: string;
  readonly directory: Promise<{ readonly fd: number; readonly start: string }>;
  /** What its users are given, once it is open. */
  ready: Directory | undefined;
  /** Whether it was to be made when it was missing. */
  readonly creates: boolean;
  users: number;
  checkedAt: number;
  usedAt: number;
}

/** The folders that are open, and those that wait to be removed. */
interface Held {
  readonly options: DirectoriesOptions;
  readonly opened: Map<string, Opened>;
  /** Paths to prune, each with the folder to stop at. */
  readonly pruning: Map<string, string>;
  readonly closing: Set<Promise<void>>;
  sweep: NodeJS.Timeout | undefined;
}

/**
 * The substitute for `openat`, which Node does not have: `/proc/…/fd/N/name` is resolved from the opened
 * folder itself, so nothing that happens to its path afterwards matters, and where the descriptor really is
 * can be read without touching a disk. A folder stays open while calls follow each other, and is closed soon
 * after the last.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
 */
function byDescriptor(options: DirectoriesOptions): Directories {
  const held: Held = {
    options,
    opened: new Map(),
    pruning: new Map(),
    closing: new Set(),
    sweep: undefined,
  };
  return {
    peek: (path) => peek(held, path),
    hold: (path, create = false) => hold(held, path, create),
    forget: (path) => forget(held, path),
    prune: (path, top) => {
      held.pruning.set(path, top);
      sweepSoon(held);
    },
    close: async () => {
      // Removing an empty folder opens the one above it, so there may be more to close each time.
      for (closeAll(held); held.closing.size > 0; closeAll(held)) await Promise.allSettled(held.closing);
      clearTimeout(held.sweep);
      held.sweep = undefined;
    },
  };
}

function peek(held: Held, path: string): Directory | undefined {
  const entry = held.opened.get(path);
  if (entry?.ready === undefined || !isTrusted(entry)) return undefined;
  entry.users++;
  return entry.ready;
}

function isTrusted(entry: Opened): boolean {
  const now = performance.now();
  if (now - entry.checkedAt <= TRUST_MS) return true;
  if (entry.ready?.isGone() === true) return false;
  entry.checkedAt = now;
  return true;
}

async function hold(held: Held, path: string, create: boolean): Promise<Directory> {
  const entry = enter(held, path, create);
  entry.users++;
  try {
    const opened = await entry.directory;
    entry.ready ??= readyFor(held, entry, opened);
    if (isTrusted(entry)) return entry.ready;
    forget(held, path);
  } catch (error) {
    if (held.opened.get(path) === entry) held.opened.delete(path);
    // Who opened it did not want it made; this caller does.
    const makeIt = create && !entry.creates && codeOf(error) === "ENOENT";
    release(held, entry);
    if (!makeIt) throw error;
    return await hold(held, path, create);
  }
  release(held, entry);
  return await hold(held, path, create);
}

function readyFor(
  held: Held,
  entry: Opened,
  opened: { readonly fd: number; readonly start: string },
): Directory {
  const full = join(held.options.root, entry.path);
  return { ...opened, isGone: () => placeOf(opened.fd) !== full, release: () => release(held, entry) };
}

function enter({ options, opened }: Held, path: string, create: boolean): Opened {
  const known = opened.get(path);
  if (known !== undefined) return known;
  const entry: Opened = {
    path,
    directory: openChecked(options, path, create),
    ready: undefined,
    creates: create,
    users: 0,
    checkedAt: performance.now(),
    usedAt: 0,
  };
  opened.set(path, entry);
  return entry;
}

function release(held: Held, entry: Opened): void {
  entry.users--;
  if (entry.users > 0) return;
  if (held.opened.get(entry.path) !== entry) return closeEntry(held, entry);
  entry.usedAt = performance.now();
  sweepSoon(held);
}

function forget(held: Held, path: string): void {
  const entry = held.opened.get(path);
  if (entry === undefined) return;
  held.opened.delete(path);
  if (entry.users === 0) closeEntry(held, entry);
}

function closeEntry({ opened, closing }: Held, entry: Opened): void {
  if (opened.get(entry.path) === entry) opened.delete(entry.path);
  const closed = entry.directory.then(
    ({ fd }) => close(fd),
    () => {},
  );
  track(closing, closed);
}

function sweepSoon(held: Held): void {
  held.sweep ??= setTimeout(() => closeIdle(held, performance.now() - IDLE_MS), IDLE_MS).unref();
}

function closeAll(held: Held): void {
  closeIdle(held, Number.POSITIVE_INFINITY);
}

function closeIdle(held: Held, before: number): void {
  clearTimeout(held.sweep);
  held.sweep = undefined;
  for (const entry of held.opened.values()) {
    if (entry.users === 0 && entry.usedAt <= before) closeEntry(held, entry);
  }
  for (const [path, top] of held.pruning) {
    if (held.opened.has(path)) continue;
    held.pruning.delete(path);
    const folders = {
      hold: (folder: string) => hold(held, folder, false),
      forget: (folder: string) => forget(held, folder),
    };
    track(held.closing, pruneUpward(folders, top, path));
  }
  if (held.opened.size > 0) sweepSoon(held);
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
    return { fd, start: `${DESCRIPTORS}${fd}/` };
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
    await makeFolder(parent.start + name, options.mode);
    if (options.durable) await fsync(parent.fd);
    return await open(parent.start + name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } finally {
    await close(parent.fd);
  }
}

async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    throw error;
  }
  if (!isShared(mode)) return;
  const fd = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  await fchmod(fd, mode).finally(() => close(fd));
}

/** `O_NOFOLLOW` with `O_DIRECTORY` answers "not a folder" for a link too. */
async function refuseLink(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts?.isSymbolicLink() === true) throw new MovedError(`${path} is a symbolic link`);
}

function assertInPlace(fd: number, path: string): void {
  const real = placeOf(fd);
  if (real === path) return;
  // Pruned in the instant between the opening and this look.
  if (real === `${path} (deleted)`) throw Object.assign(new Error(`${path} was removed`), { code: "ENOENT" });
  throw new MovedError(`${path} is reached through a symbolic link`);
}

/** Where a descriptor is. Answered by the kernel from memory: no disk is asked, so the event loop does not wait. */
function placeOf(fd: number): string {
  return fs.readlinkSync(`${DESCRIPTORS}${fd}`);
}

/** Where the system has no such paths: the real path is compared before each use. */
function byRealpath(options: DirectoriesOptions): Directories {
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
    forget: () => {},
    prune: (path, top) => track(tasks, pruneUpward({ hold, forget: () => {} }, top, path)),
    close: async () => {
      while (tasks.size > 0) await Promise.allSettled(tasks);
    },
  };
}

async function assertReal(path: string): Promise<void> {
  const real = await realpath(path).catch(async (error: unknown) => {
    // A link that leads to nothing is a link all the same.
    if (codeOf(error) === "ENOENT") await refuseLink(path);
    throw error;
  });
  if (real !== path) throw new MovedError(`${path} is reached through a symbolic link`);
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
  await assertReal(real);
  await makeFolder(full, mode);
  if (options.durable) await syncDirectory({ fd: undefined, start: `${real}/` });
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

async function pruneUpward(
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

/** The entries of a folder. One that was removed while it was open reads as an empty one, but it is missing. */
export async function readFolder({ start, isGone }: Directory): Promise<Dirent[]> {
  const entries = await readdir(start);
  if (entries.length > 0 || !isGone()) return entries;
  throw Object.assign(new Error(`${start} was removed`), { code: "ENOENT" });
}

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
