import { clock } from "@stowage/core/journal";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { openDatabase, type Database, type Driver } from "./database.js";

/**
 * The processes that use one journal. Each process holds the lock of its own file. When the process ends for any reason, the lock is
 * released.
 */
export interface Processes {
  /** The name of this process. */
  readonly own: string;
  /**
   * Tells whether a process may still be at work. The answer is `true` for a suspended process. It is also `true` if the file
   * of the process is missing: this is safe, because the leases of the process end by themselves.
   */
  readonly isAlive: (process: string) => boolean;
  /** Tells whether a process is running. A running process has a file, and holds the lock of this file. */
  readonly isRunning: (process: string) => boolean;
  /**
   * Tells whether this process is the only one that uses the journal. If so, no other process writes to the journal for
   * {@link ALONE_MS}.
   */
  readonly isAlone: () => boolean;
  /**
   * Resolves when the other processes have noticed that this process has joined. From then on, no other process assumes
   * that it is alone. Returns `undefined` if they have already noticed. Call this function before each write.
   */
  readonly joined: () => Promise<void> | undefined;
  /**
   * Resolves when the other processes know about this process. Call this function after each write, before the write is
   * acknowledged. If the file of this process was removed in the meantime, the file is made again.
   */
  readonly announced: () => Promise<void> | undefined;
  readonly leave: () => void;
}

/** The time, in milliseconds, for which a process may assume that it is still alone. */
export const ALONE_MS = 5;

const NAME = /^\d+-[0-9a-f]{8}$/;
/** The pattern for the names of files that are not locked yet. */
const HIDDEN = /^\.\d+-[0-9a-f]{8}/;
/** The ending that marks the file of a process that has died. If a process has no file at all, its state is unknown. */
const ENDED = ".ended";

/** The age at which the files of ended processes are removed, in milliseconds. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Adds this process to the processes that use a journal. Each process locks an empty SQLite database. Such a lock works on
 * every system on which SQLite works.
 */
export function joinProcesses(folder: string, driver: Driver): Processes {
  const own = `${process.pid}-${randomUUID().slice(0, 8)}`;
  const file = join(folder, own);
  let lock = lockedFile(folder, own, driver);
  const isAlive = (name: string): boolean => name === own || mayLive(folder, name, driver);
  sweep(folder, isAlive);
  const isAlone = (): boolean => {
    try {
      return readdirSync(folder).every((name) => name === own || !NAME.test(name));
    } catch {
      // The folder was removed, so other processes cannot be found.
      return false;
    }
  };
  const noticed = (): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, 2 * ALONE_MS));
  let joining = isAlone() ? undefined : noticed().then(() => void (joining = undefined));
  const announced = (): Promise<void> | undefined => {
    if (joining !== undefined || existsSync(file)) return joining;
    lock.close();
    lock = lockedFile(folder, own, driver);
    return (joining = noticed().then(() => void (joining = undefined)));
  };
  return {
    own,
    isAlive,
    isRunning: (name) => name === own || (existsSync(join(folder, name)) && isAlive(name)),
    isAlone,
    joined: () => joining,
    announced,
    leave: () => {
      lock.close();
      rmSync(file, { force: true });
    },
  };
}

/**
 * Makes the file of a process. The file gets its final name only after it is locked. If other processes saw an unlocked file,
 * they would assume that its process has ended.
 */
function lockedFile(folder: string, name: string, driver: Driver): Database {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const hidden = join(folder, `.${name}`);
  const lock = openDatabase(hidden, driver);
  lock.exec("PRAGMA locking_mode = EXCLUSIVE");
  lock.exec("BEGIN EXCLUSIVE");
  renameSync(hidden, join(folder, name));
  return lock;
}

function mayLive(folder: string, name: string, driver: Driver): boolean {
  const file = join(folder, name);
  if (!NAME.test(name) || existsSync(`${file}${ENDED}`)) return false;
  return !existsSync(file) || isLocked(file, driver);
}

function isLocked(file: string, driver: Driver): boolean {
  let database: Database | undefined;
  try {
    database = openDatabase(file, driver);
    database.exec("PRAGMA busy_timeout = 0");
    database.exec("BEGIN IMMEDIATE");
    return false;
  } catch {
    return true;
  } finally {
    database?.close();
  }
}

/** Marks the processes that have ended, and removes old files. Other processes may do the same at the same time. */
function sweep(folder: string, isAlive: (name: string) => boolean): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (NAME.test(name) && !isAlive(name)) {
      try {
        renameSync(file, `${file}${ENDED}`);
      } catch {
        // A different process has already done this.
      }
      for (const ending of ["-journal", "-wal", "-shm"]) rmSync(`${file}${ending}`, { force: true });
    } else if ((name.endsWith(ENDED) || HIDDEN.test(name)) && isOld(file)) rmSync(file, { force: true });
  }
}

function isOld(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > KEPT_MS;
}
