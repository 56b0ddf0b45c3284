import { clock } from "@stowage/core/journal";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { openDatabase, type Database, type Driver } from "./database.js";

/** The processes that use one journal: each holds the lock of a file, which ends with it however it dies. */
export interface Processes {
  /** The name of this one. */
  readonly own: string;
  /**
   * Whether a process may still be at work. One that is stopped lives, and so does one whose file was removed by somebody else: then
   * its lease runs out.
   */
  readonly isAlive: (process: string) => boolean;
  /** Whether a process is at work: its file is there, and locked. */
  readonly isRunning: (process: string) => boolean;
  /** Whether no other uses the journal, nor writes anything to it for {@link ALONE_MS}. */
  readonly isAlone: () => boolean;
  /** Resolves when the others have noticed that this one joined, so that nobody takes it for granted to be alone. To be called before each write. */
  readonly joined: () => Promise<void> | undefined;
  /**
   * Resolves when the others know of this one. To be called after each write before it is acknowledged: the file of this process may have
   * been removed meanwhile, and is then made again.
   */
  readonly announced: () => Promise<void> | undefined;
  readonly leave: () => void;
}

/** For how long a process that was alone may take it for granted, in milliseconds. */
export const ALONE_MS = 5;

const NAME = /^\d+-[0-9a-f]{8}$/;
/** Files that are not locked yet have this before their name. */
const HIDDEN = /^\.\d+-[0-9a-f]{8}/;
/** Stands behind the name of a process that has died: where there is no file at all nobody knows. */
const ENDED = ".ended";

/** What is left of processes that have ended goes after this time, in milliseconds. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** The lock is that of an empty database, so that it works wherever SQLite does. */
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
      // Somebody has removed the folder: whether there are others cannot be told.
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

/** Makes the file of a process. It gets its name once it is locked: others take one that is not locked for left behind. */
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

/** Notes which processes have ended, and removes what is old. Another process may do the same. */
function sweep(folder: string, isAlive: (name: string) => boolean): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (NAME.test(name) && !isAlive(name)) {
      try {
        renameSync(file, `${file}${ENDED}`);
      } catch {
        // Another process was quicker.
      }
      for (const ending of ["-journal", "-wal", "-shm"]) rmSync(`${file}${ending}`, { force: true });
    } else if ((name.endsWith(ENDED) || HIDDEN.test(name)) && isOld(file)) rmSync(file, { force: true });
  }
}

function isOld(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > KEPT_MS;
}
