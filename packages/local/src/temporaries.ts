import { randomUUID } from "node:crypto";
import fs from "node:fs";
import type { Directories } from "./directories.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import { close, closeLater, codeOf, factsOf, lstat, open, readdir, unlink } from "./system.js";

/** A private file that is about to become an object, or to be thrown away. */
export interface Temporary {
  readonly fd: number;
  /** The file's path, certain to be in our own folder. */
  readonly path: string;
  /** Closes it, but leaves it there. */
  readonly close: () => Promise<void>;
  /** The same without waiting for it. */
  readonly closeLater: () => void;
  /** Closes and removes it, unless it was moved into its place. */
  readonly discard: () => Promise<void>;
  /** It has been moved into its place. */
  readonly moved: () => void;
  readonly isMoved: () => boolean;
}

export interface Temporaries {
  readonly create: (mode: number) => Promise<Temporary>;
  /** Has files removed that a killed process left, at most once an hour, in the background. */
  readonly sweep: () => void;
  readonly close: () => Promise<void>;
}

const FOLDER = `${PRIVATE_FOLDER}/tmp`;

/** Files that no process has touched for so long are nobody's, in milliseconds. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;
const SWEEP_EVERY_MS = 60 * 60 * 1000;

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = fs.constants;

interface TemporariesOptions {
  readonly directories: Directories;
  /** The number of the disk that the root is on. */
  readonly device: bigint;
  readonly isLocal: boolean;
}

/** Makes the temporary files of one root. */
export function createTemporaries({ directories, device, isLocal }: TemporariesOptions): Temporaries {
  const start = randomUUID();
  let count = 0;
  let sweptAt = Number.NEGATIVE_INFINITY;
  let sweeping: Promise<void> | undefined;
  return {
    create: async (mode) => {
      // Never made here: when a disk is not mounted any more, the folder below it must not fill up instead.
      const directory = await directories.hold(FOLDER);
      const path = `${directory.start}${start}-${(count++).toString(36)}`;
      try {
        const { dev } =
          directory.fd === undefined ? await lstat(directory.start) : await factsOf(directory.fd, isLocal);
        if (dev !== device)
          throw Object.assign(new Error(`${FOLDER} is on another disk`), { code: "ENOENT" });
        const fd = await open(path, O_CREAT | O_EXCL | O_RDWR | (O_NOFOLLOW ?? 0), mode);
        return temporary(fd, path, directory.release);
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
    closeLater: () => {
      if (isOpen) closeLater(fd);
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

/** Not this process's own: they are in use, whatever the clock says. */
async function removeAbandoned(directories: Directories, own: string): Promise<void> {
  const directory = await directories.hold(FOLDER);
  try {
    const oldest = BigInt(Date.now() - ABANDONED_MS) * 1_000_000n;
    for (const entry of await readdir(directory.start)) {
      if (!entry.isFile() || entry.name.startsWith(own)) continue;
      const path = directory.start + entry.name;
      const facts = await lstat(path).catch(() => undefined);
      if (facts !== undefined && facts.ctimeNs < oldest) await unlink(path).catch(() => {});
    }
  } finally {
    directory.release();
  }
}
