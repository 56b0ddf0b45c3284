import { clock } from "@stowage/core/provider";
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { removeAbandoned, removeStray, TEMPORARY_FOLDER } from "./abandoned.js";
import { changeMode, track, type Directories, type Directory } from "./directories.js";
import { codeOf, isStale } from "./errno.js";
import { createFolderNotes } from "./folder-notes.js";
import { TEMPORARY_PREFIX } from "./foreign-names.js";
import { ownMark } from "./process-mark.js";
import { close, closeQuietly, factsOf, isShared, lstat, open, unlink } from "./system.js";

/** A temporary file that becomes an object, or is thrown away. */
export interface Temporary {
  readonly fd: number;
  /** The file's path, which certainly leads into the right folder. */
  readonly path: string;
  /** Closes the file without removing it. */
  readonly close: () => Promise<void>;
  /** Closes the file without waiting. Called only when closing can no longer fail. */
  readonly closeQuietly: (sizeBytes: number) => void;
  /** Closes the file. Also removes the file, unless it was moved into place. */
  readonly discard: () => Promise<void>;
  /** Records that the file was moved into place. */
  readonly moved: () => void;
  readonly isMoved: () => boolean;
}

/** Makes a file with these permissions, and returns its descriptor. Leaves nothing behind if it fails. */
export type MakeFile = (path: string, mode: number) => Promise<number>;

export interface Temporaries {
  /** Makes a file in the provider's own folder. */
  readonly create: () => Promise<Temporary>;
  /**
   * Makes a file in the folder of the future object. Makes that folder if it is missing. The object therefore gets the
   * group and the access list that new files in this folder usually get.
   */
  readonly createIn: (folder: string, make: MakeFile) => Promise<Temporary>;
  /** Removes the files that killed processes left behind. Works in the background, at most once an hour. */
  readonly sweep: () => void;
  /** Removes an unfinished object that a listing has found, if its process has ended. Works in the background. */
  readonly met: (folder: string, name: string) => void;
  readonly close: () => Promise<void>;
}

const SWEEP_EVERY_MS = 60 * 60 * 1000;

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = fs.constants;

interface TemporariesOptions {
  readonly directories: Directories;
  /** The device number of the disk that the root is on. */
  readonly device: bigint;
  readonly isLocal: boolean;
  /** The permissions of objects. */
  readonly mode: number;
  /** The permissions of the provider's own files. */
  readonly privateMode: number;
  /** The folder of objects, which is not removed when it is empty. */
  readonly base: string;
}

/** Makes the temporary files of one root. */
export function createTemporaries(options: TemporariesOptions): Temporaries {
  const { directories, mode, privateMode, base } = options;
  const mark = ownMark() + randomUUID();
  const notes = createFolderNotes(directories, mark, privateMode);
  let count = 0;
  let sweptAt = Number.NEGATIVE_INFINITY;
  const sweeping = new Set<Promise<void>>();
  const check = createDeviceCheck(options);
  const createPrivate = async (): Promise<Temporary> => {
    // The folder is never made here. If the folder is missing, the root may be a different one.
    const directory = directories.peek(TEMPORARY_FOLDER) ?? (await directories.hold(TEMPORARY_FOLDER));
    const path = `${directory.start}${mark}-${(count++).toString(36)}`;
    try {
      await check(directory, "ENOENT");
      return temporary(await makeFile(path, privateMode), path, directory.release);
    } catch (error) {
      if (codeOf(error) === "ENOENT" || isStale(error)) directories.forget(TEMPORARY_FOLDER);
      directory.release();
      throw error;
    }
  };
  const createBeside = async (folder: string, make: MakeFile): Promise<Temporary> => {
    const directory = directories.peek(folder) ?? (await directories.hold(folder, true));
    const note = notes.note(folder);
    // A failure to write the note is reported later, by the code that waits for the note.
    note.written?.catch(() => {});
    const done = (isMoved: boolean): void => {
      notes.done(note);
      directory.release();
      if (!isMoved) directories.prune(folder, base);
    };
    try {
      await check(directory, "EXDEV");
      await note.written;
      const path = `${directory.start}${TEMPORARY_PREFIX}${mark}-${(count++).toString(36)}`;
      return temporary(await make(path, mode), path, done);
    } catch (error) {
      if (codeOf(error) === "ENOENT" || isStale(error)) directories.forget(folder);
      done(false);
      throw error;
    }
  };
  return {
    create: () => makeAgain(createPrivate, isStale),
    createIn: (folder, make) => makeAgain(() => createBeside(folder, make), isGoneByNow),
    sweep: () => {
      const now = clock.now();
      if (now - sweptAt < SWEEP_EVERY_MS) return;
      sweptAt = now;
      track(sweeping, removeAbandoned(directories, mark));
    },
    met: (folder, name) => {
      if (name.startsWith(TEMPORARY_PREFIX + mark)) return;
      track(sweeping, removeStray(directories, folder, name, mark));
    },
    close: async () => {
      await Promise.all(sweeping);
      await notes.close();
    },
  };
}

/**
 * Tells from an error whether the folder was removed or became stale after it was opened.
 */
function isGoneByNow(error: unknown): boolean {
  return isStale(error) || codeOf(error) === "ENOENT";
}

const TRIES_MAX = 5;

/**
 * Makes a file in a folder. Tries again if the folder was removed or became stale before the file was made.
 */
async function makeAgain(
  make: () => Promise<Temporary>,
  isGone: (error: unknown) => boolean,
): Promise<Temporary> {
  for (let tries = 1; ; tries++) {
    try {
      return await make();
    } catch (error) {
      if (!isGone(error) || tries === TRIES_MAX) throw error;
    }
  }
}

export async function makeFile(path: string, mode: number): Promise<number> {
  const fd = await open(path, O_CREAT | O_EXCL | O_RDWR | (O_NOFOLLOW ?? 0), mode);
  if (!isShared(mode)) return fd;
  try {
    await changeMode(fd, path, mode);
    return fd;
  } catch (error) {
    await close(fd);
    await unlink(path);
    throw error;
  }
}

function temporary(fd: number, path: string, done: (isMoved: boolean) => void): Temporary {
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
      done(true);
    },
    discard: async () => {
      await closeOnce().catch(() => {});
      if (!isThere) return;
      isThere = false;
      await unlink(path).catch(() => {});
      done(false);
    },
  };
}

/**
 * Returns a check that a folder is on the disk of the root. If the disk is no longer mounted, the provider must not
 * write files to the empty mount point. An open folder stays on its disk, so each folder is checked only once.
 */
function createDeviceCheck({
  device,
  isLocal,
}: TemporariesOptions): (directory: Directory, code: string) => Promise<void> | undefined {
  const checked = new WeakSet<Directory>();
  const check = async (directory: Directory, code: string): Promise<void> => {
    const { fd } = directory;
    const { dev } = fd === undefined ? await lstat(directory.start) : await factsOf(fd, isLocal);
    if (dev !== device) throw Object.assign(new Error("The folder is on a different disk"), { code });
    if (fd !== undefined) checked.add(directory);
  };
  return (directory, code) => (checked.has(directory) ? undefined : check(directory, code));
}
