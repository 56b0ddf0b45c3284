import { randomUUID } from "node:crypto";
import fs from "node:fs";
import type { Directories, Directory } from "./directories.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import { isOfEnded, ownMark } from "./process-mark.js";
import {
  close,
  closeQuietly,
  codeOf,
  factsOf,
  fchmod,
  isShared,
  lstat,
  open,
  readdir,
  unlink,
} from "./system.js";

/** A private file that is about to become an object, or to be thrown away. */
export interface Temporary {
  readonly fd: number;
  /** The file's path, certain to be in our own folder. */
  readonly path: string;
  /** Closes it, but leaves it there. */
  readonly close: () => Promise<void>;
  /** The same without waiting for it, where closing has no failure left to report. */
  readonly closeQuietly: (sizeBytes: number) => void;
  /** Closes and removes it, unless it was moved into its place. */
  readonly discard: () => Promise<void>;
  /** It has been moved into its place. */
  readonly moved: () => void;
  readonly isMoved: () => boolean;
}

export interface Temporaries {
  readonly create: () => Promise<Temporary>;
  /** Has files removed that a killed process left, at most once an hour, in the background. */
  readonly sweep: () => void;
  readonly close: () => Promise<void>;
}

const FOLDER = `${PRIVATE_FOLDER}/tmp`;

/** Files that no process has touched for so long are nobody's, whatever is known of their process; in milliseconds. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;
const SWEEP_EVERY_MS = 60 * 60 * 1000;

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = fs.constants;

interface TemporariesOptions {
  readonly directories: Directories;
  /** The number of the disk that the root is on. */
  readonly device: bigint;
  readonly isLocal: boolean;
  /** The permissions of what they become. */
  readonly mode: number;
}

/** Makes the temporary files of one root. */
export function createTemporaries({ directories, device, isLocal, mode }: TemporariesOptions): Temporaries {
  const start = ownMark() + randomUUID();
  let count = 0;
  let sweptAt = Number.NEGATIVE_INFINITY;
  let sweeping: Promise<void> | undefined;
  let checked: Directory | undefined;
  const check = async (directory: Directory): Promise<void> => {
    const { fd } = directory;
    const { dev } = fd === undefined ? await lstat(directory.start) : await factsOf(fd, isLocal);
    if (dev !== device) throw Object.assign(new Error(`${FOLDER} is on another disk`), { code: "ENOENT" });
    checked = directory;
  };
  return {
    create: async () => {
      // Never made here: when a disk is not mounted any more, the folder below it must not fill up instead.
      const directory = directories.peek(FOLDER) ?? (await directories.hold(FOLDER));
      const path = `${directory.start}${start}-${(count++).toString(36)}`;
      try {
        // What is open stays on its disk.
        if (directory !== checked) await check(directory);
        return temporary(await makeFile(path, mode), path, directory.release);
      } catch (error) {
        if (codeOf(error) === "ENOENT") directories.forget(FOLDER);
        directory.release();
        throw error;
      }
    },
    sweep: () => {
      const now = performance.now();
      if (now - sweptAt < SWEEP_EVERY_MS) return;
      sweptAt = now;
      sweeping = removeAbandoned(directories, start).catch(() => {});
    },
    close: async () => {
      await sweeping;
    },
  };
}

async function makeFile(path: string, mode: number): Promise<number> {
  const fd = await open(path, O_CREAT | O_EXCL | O_RDWR | (O_NOFOLLOW ?? 0), mode);
  if (!isShared(mode)) return fd;
  try {
    await fchmod(fd, mode);
    return fd;
  } catch (error) {
    await close(fd);
    await unlink(path);
    throw error;
  }
}

function temporary(fd: number, path: string, release: () => void): Temporary {
  let isOpen = true;
  let isThere = true;
  const closeOnce = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await close(fd);
  };
  return {
    fd,
    path,
    close: closeOnce,
    closeQuietly: (sizeBytes) => {
      if (isOpen) closeQuietly(fd, sizeBytes);
      isOpen = false;
    },
    isMoved: () => !isThere,
    moved: () => {
      isThere = false;
      release();
    },
    discard: async () => {
      await closeOnce().catch(() => {});
      if (!isThere) return;
      isThere = false;
      await unlink(path).catch(() => {});
      release();
    },
  };
}

/**
 * Files of a process that has ended, and what is so old that its process must have. Not this provider's own: they are in
 * use, whatever the clock says.
 */
async function removeAbandoned(directories: Directories, own: string): Promise<void> {
  const directory = await directories.hold(FOLDER);
  try {
    const oldest = BigInt(Date.now() - ABANDONED_MS) * 1_000_000n;
    for (const entry of await readdir(directory.start)) {
      if (!entry.isFile() || entry.name.startsWith(own)) continue;
      const path = directory.start + entry.name;
      const facts = await lstat(path).catch(() => undefined);
      if (facts === undefined) continue;
      if (facts.ctimeNs < oldest || isOfEnded(entry.name)) await unlink(path).catch(() => {});
    }
  } finally {
    directory.release();
  }
}
