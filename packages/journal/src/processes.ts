import { clock } from "@stowage/core/journal";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openDatabase, type Database, type Driver } from "./database.js";

/** The processes that use one journal: each holds the lock of a file, which ends with it however it dies. */
export interface Processes {
  /** The name of this one. */
  readonly own: string;
  /** Whether a process has not ended. One that is stopped still lives: then its lease runs out. */
  readonly isAlive: (process: string) => boolean;
  /** Whether no other uses the journal, nor writes anything to it for {@link ALONE_MS}. */
  readonly isAlone: () => boolean;
  /** Settled when this one may write: nobody takes it for granted any more that it is alone. */
  readonly announced: Promise<void>;
  readonly leave: () => void;
}

/** For how long a process that was alone may take it for granted, in milliseconds. */
export const ALONE_MS = 5;

const NAME = /^\d+-[0-9a-f]{8}$/;

/** The lock is that of an empty database, so that it works wherever SQLite does. */
export function joinProcesses(folder: string, driver: Driver): Processes {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = `${process.pid}-${randomUUID().slice(0, 8)}`;
  const file = join(folder, own);
  const lock = openDatabase(file, driver);
  lock.exec("PRAGMA locking_mode = EXCLUSIVE");
  lock.exec("BEGIN EXCLUSIVE");
  const isAlive = (name: string): boolean =>
    name === own ||
    (NAME.test(name) && existsSync(join(folder, name)) && isLocked(join(folder, name), driver));
  sweep(folder, isAlive);
  const isAlone = (): boolean => {
    try {
      return readdirSync(folder).every((name) => name === own || !NAME.test(name));
    } catch {
      // Somebody has removed the folder: whether there are others cannot be told.
      return false;
    }
  };
  return {
    own,
    isAlive,
    isAlone,
    announced: isAlone()
      ? Promise.resolve()
      : new Promise((resolve) => clock.setTimeout(resolve, 2 * ALONE_MS)),
    leave: () => {
      lock.close();
      rmSync(file, { force: true });
    },
  };
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

/** Files of processes that have ended. */
function sweep(folder: string, isAlive: (name: string) => boolean): void {
  for (const name of readdirSync(folder)) {
    if (!NAME.test(name) || isAlive(name)) continue;
    for (const ending of ["", "-journal", "-wal", "-shm"])
      rmSync(join(folder, `${name}${ending}`), { force: true });
  }
}
