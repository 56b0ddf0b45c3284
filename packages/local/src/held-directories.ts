import { clock } from "@stowage/core/provider";
import fs from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import {
  MovedError,
  READ_FLAGS,
  assertDevice,
  makeFolder,
  modeOf,
  refuseLink,
  splitPath,
  track,
  type Directories,
  type DirectoriesOptions,
  type Directory,
} from "./directories.js";
import { codeOf } from "./errno.js";
import { close, fstat, fsync, open } from "./system.js";
import { createPruning, type Pruning } from "./pruning.js";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;

/**
 * The folder in which the kernel shows the open files of this process. With `/proc/self`, the kernel would have to look
 * up the process each time.
 */
const DESCRIPTORS = `/proc/${process.pid}/fd/`;

/**
 * The time, in milliseconds, after which the path of an opened folder is checked again. A rename by hand is noticed
 * after this time.
 */
const TRUST_MS = 5;

/** The time for which an opened folder is kept for the next call, in milliseconds. */
const IDLE_MS = 25;

interface Opened {
  readonly path: string;
  readonly directory: Promise<{ readonly fd: number; readonly start: string }>;
  /** The folder, as callers use it. Set when the folder is open. */
  ready: Directory | undefined;
  /** True if a missing folder is made. */
  readonly creates: boolean;
  users: number;
  checkedAt: number;
  usedAt: number;
}

/** The folders that are open. */
interface Held {
  readonly options: DirectoriesOptions;
  readonly opened: Map<string, Opened>;
  /** The calls that are closing or removing folders at the moment. */
  readonly closing: Set<Promise<void>>;
  readonly pruning: Pruning;
  sweep: NodeJS.Timeout | undefined;
}

/**
 * Returns access to folders through open descriptors. Node has no `openat`; this code takes its place.
 *
 * `/proc/…/fd/N/name` is resolved from the opened folder itself, so later changes of the folder's path do not matter.
 * The real path of a descriptor can be read without access to the disk. A folder stays open while calls follow one
 * another, and is closed soon after the last call.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
 */
export function heldDirectories(options: DirectoriesOptions): Directories {
  const closing = new Set<Promise<void>>();
  const folders = {
    hold: (path: string) => hold(held, path, false),
    forget: (path: string) => forget(held, path),
  };
  const pruning = createPruning(folders, closing);
  const held: Held = { options, opened: new Map(), closing, pruning, sweep: undefined };
  return {
    peek: (path) => peek(held, path),
    hold: (path, create = false) => hold(held, path, create),
    openFile: async (path) => {
      const full = join(options.root, path);
      return await inPlace(await open(full, READ_FLAGS), full);
    },
    forget: (path) => forget(held, path),
    prune: (path, top) => {
      held.pruning.add(path, top);
      sweepSoon(held);
    },
    close: async () => {
      // The removal of an empty folder opens its parent. So each round may leave more folders to close.
      for (closeAll(held); held.closing.size > 0; closeAll(held)) await Promise.allSettled(held.closing);
      clock.clearTimeout(held.sweep);
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
  const now = clock.now();
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
    // The call that opened the folder was not allowed to make it, but this call is.
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
    checkedAt: clock.now(),
    usedAt: 0,
  };
  opened.set(path, entry);
  return entry;
}

function release(held: Held, entry: Opened): void {
  entry.users--;
  if (entry.users > 0) return;
  if (held.opened.get(entry.path) !== entry) return closeEntry(held, entry);
  entry.usedAt = clock.now();
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
  held.sweep ??= clock.setTimeout(() => closeIdle(held, clock.now() - IDLE_MS), IDLE_MS).unref();
}

function closeAll(held: Held): void {
  closeIdle(held, Number.POSITIVE_INFINITY);
}

function closeIdle(held: Held, before: number): void {
  clock.clearTimeout(held.sweep);
  held.sweep = undefined;
  for (const entry of held.opened.values()) {
    if (entry.users === 0 && entry.usedAt <= before) closeEntry(held, entry);
  }
  held.pruning.run((path) => held.opened.has(path));
  if (held.opened.size > 0) sweepSoon(held);
}

async function openChecked(
  options: DirectoriesOptions,
  path: string,
  create: boolean,
): Promise<{ readonly fd: number; readonly start: string }> {
  const fd = await inPlace(await openFolder(options, path, create), join(options.root, path));
  return { fd, start: `${DESCRIPTORS}${fd}/` };
}

/** Returns a descriptor if its real path is the expected one. Otherwise closes the descriptor and throws. */
async function inPlace(fd: number, path: string): Promise<number> {
  try {
    const place = placeOf(fd);
    if (place !== path) await explainPlace(place, path);
    return fd;
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
  // The parent is held open and checked, so the new folder cannot be made outside the root.
  const { parent: above, name } = splitPath(path);
  const parent = await openChecked(options, above, create);
  try {
    assertDevice(options, await fstat(parent.fd));
    await makeFolder(parent.start + name, modeOf(options, path));
    if (options.durable) await fsync(parent.fd);
    return await open(parent.start + name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } finally {
    await close(parent.fd);
  }
}

/**
 * Throws the reason why the real path of a descriptor is not the expected one. Either the folder was removed, moved or
 * unmounted just after it was opened, or the path leads through a symbolic link.
 */
async function explainPlace(place: string, path: string): Promise<never> {
  if (place === `${path} (deleted)`)
    throw Object.assign(new Error(`${path} was removed`), { code: "ENOENT" });
  if ((await realpath(path)) !== path) throw new MovedError(`${path} is reached through a symbolic link`);
  throw Object.assign(new Error(`${path} was moved or unmounted while it was opened`), { code: "ESTALE" });
}

/**
 * Returns the real path of a descriptor. The kernel answers from memory, without access to a disk, so the event loop is
 * not blocked.
 */
function placeOf(fd: number): string {
  return fs.readlinkSync(`${DESCRIPTORS}${fd}`);
}
