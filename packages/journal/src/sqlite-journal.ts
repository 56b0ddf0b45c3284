import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isStorageError, type Journal } from "@stowage/core";
import { openChangeMark } from "./change-mark.js";
import { openClock } from "./clock.js";
import { defaultDriver, type Database, type Driver } from "./database.js";
import { journalError } from "./errors.js";
import { assertLocal } from "./file-system.js";
import { openForReading, openForWriting, prepareFile } from "./open-database.js";
import { joinProcesses } from "./processes.js";
import { createPart, registerPart } from "./sqlite-part.js";
import { createWriter } from "./writer.js";

export interface SqliteJournalOptions {
  /** Default: `node:sqlite` where this Node has it, else `libsql`. */
  readonly driver?: Driver | undefined;
}

/**
 * A journal in a file of SQLite, for all the processes of one machine.
 *
 * Every write is on the disk when it resolves; writes that come together wait for the disk together, in a thread of
 * their own. Reads are on the main thread and take microseconds.
 *
 * @param path - The file; it and its folder are made when they are not there. Beside it lie `-wal` and `-shm`, and a
 * folder `-processes`.
 * @throws StorageError `InvalidArgument` for a file that is damaged, of something else, of a later version or on another
 * machine; `Unavailable` when it cannot be opened or written.
 */
export function sqliteJournal(path: string, options: SqliteJournalOptions = {}): Journal {
  if (typeof path !== "string" || path === "") throw new TypeError("sqliteJournal takes the path of a file");
  const { driver = defaultDriver() } = options;
  const file = resolve(path);
  try {
    return open(file, driver);
  } catch (error) {
    throw isStorageError(error) ? error : journalError(error, file, "open");
  }
}

function open(file: string, driver: Driver): Journal {
  mkdirSync(dirname(file), { recursive: true });
  const durable = assertLocal(dirname(file), file);
  prepareFile(file, driver);
  const now = withDatabase(openForWriting(file, driver), openClock);
  const processes = joinProcesses(`${file}-processes`, driver);
  const reading = openForReading(file, driver);
  // From the first read on the files beside it stay.
  reading.prepare("SELECT count(*) FROM parts").get();
  const mark = openChangeMark(file);
  const writer = createWriter({ path: file, driver });
  let isClosed = false;
  const context = {
    database: reading,
    process: processes.own,
    now,
    isAlive: processes.isAlive,
    write: writer.write,
  };
  return {
    tier: "embedded",
    durable,
    open: (owner) => {
      withDatabase(openForWriting(file, driver), (database) => registerPart(database, owner));
      return createPart({ ...context, hasChanged: mark.watch() }, owner);
    },
    close: async () => {
      await writer.close();
      if (isClosed) return;
      isClosed = true;
      reading.close();
      mark.close();
      processes.leave();
    },
  };
}

function withDatabase<T>(database: Database, use: (database: Database) => T): T {
  try {
    return use(database);
  } finally {
    database.close();
  }
}
