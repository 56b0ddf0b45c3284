import { closeSync, mkdirSync, openSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  clock,
  isStorageError,
  knownNames,
  nonEmptyText,
  type Journal,
  type JournalOwner,
} from "@stowage/core/journal";
import { watchChanges } from "./change-mark.js";
import type { Change } from "./change.js";
import { openClock } from "./clock.js";
import { defaultDriver, type Database, type Driver } from "./database.js";
import { journalError, openError } from "./errors.js";
import { assertLocal } from "./file-system.js";
import { openForReading, openForWriting, opening, prepareFile } from "./open-database.js";
import { ALONE_MS, joinProcesses, type Processes } from "./processes.js";
import { createPart, registerPart } from "./sqlite-part.js";
import { assertThread, createWriter, type Writer } from "./writer.js";

/** The options of {@link sqliteJournal}. */
export interface SqliteJournalOptions {
  /**
   * The library that opens the file.
   *
   * @default `node:sqlite` if this version of Node has it, otherwise `libsql`
   */
  readonly driver?: Driver | undefined;
}

/**
 * Opens a journal in an SQLite file. All processes of one machine can use the file.
 *
 * When a write resolves, its data is on the disk. A separate thread does the writes. Writes that come at the same time share
 * one sync of the disk. Reads run on the main thread and take microseconds.
 *
 * @param path - The file. If the file and its folder are missing, they are made, and only their owner can access them. There
 * are more files beside this file, with the endings `-wal`, `-shm` and `-reserve`, and a folder with the ending `-processes`.
 * @throws StorageError `InvalidArgument` for a file that is damaged, is not a journal, has a later version or lies on a
 * different machine; `Unavailable` if the file cannot be opened or written.
 */
export function sqliteJournal(path: string, options: SqliteJournalOptions = {}): Journal {
  nonEmptyText("sqliteJournal", "path", path, "the path of a file");
  knownNames("sqliteJournal", options, { driver: true });
  const { driver = defaultDriver() } = options;
  const file = resolve(path);
  try {
    return open(file, driver);
  } catch (error) {
    throw isStorageError(error) ? error : journalError(error, file, "open");
  }
}

function open(file: string, driver: Driver): Journal {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  makePrivate(file);
  assertThread();
  const durable = assertLocal(dirname(file), file);
  opening(() => prepareFile(file, driver));
  const now = opening(() => withDatabase(openForWriting(file, driver), openClock));
  const processes = opening(() => joinProcesses(`${file}-processes`, driver));
  const database = opening(() => openForReading(file, driver));
  // After the first read, the files beside the database stay until the database is closed.
  opening(() => database.prepare("SELECT count(*) FROM parts").get());
  const watchFile = watchChanges(file);
  const writer = createWriter({ path: file, driver });
  let isClosed = false;
  const context = {
    database,
    reading: <T>(work: () => T): T => {
      try {
        return work();
      } catch (error) {
        throw journalError(error, file, "head");
      }
    },
    process: processes.own,
    now,
    isAlive: processes.isAlive,
    isRunning: processes.isRunning,
    write: announcing(processes, writer),
  };
  return {
    tier: "embedded",
    durable,
    open: (owner) => {
      assertOutside(file, owner);
      opening(() => withDatabase(openForWriting(file, driver), (writing) => registerPart(writing, owner)));
      const hasChanged = watch(watchFile(), writer.outcomes, quietOf(processes));
      const haveControlsChanged = watch(() => true, writer.controlOutcomes, quietOf(processes));
      return createPart({ ...context, hasChanged, haveControlsChanged }, owner);
    },
    close: async () => {
      await writer.close();
      if (isClosed) return;
      isClosed = true;
      database.close();
      processes.leave();
    },
  };
}

/**
 * Checks that the journal lies outside the folders of members.
 *
 * @throws StorageError `InvalidArgument` for a journal in the folder of a member, because its files would be taken for objects.
 */
function assertOutside(file: string, { members }: JournalOwner): void {
  for (const { name, place } of members) {
    if (!place.startsWith("file:")) continue;
    const root = dirname(fileURLToPath(place));
    const own = relative(realPath(root), join(realpathSync(dirname(file)), basename(file)));
    if (own.startsWith("..") || isAbsolute(own)) continue;
    const reason = `lies in ${JSON.stringify(root)}, the folder of the member ${JSON.stringify(name)}; files in this folder count as objects, so put the journal beside the folder`;
    throw openError(file, reason);
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Creates the file so that only its owner can access it. SQLite gives the files beside it the same permissions. An existing
 * file is not opened here. If this function closed the file, this process would lose the locks that SQLite holds on it. A
 * different process could then remove the log while the log is in use.
 *
 * @see https://www.sqlite.org/howtocorrupt.html, section 2.2
 */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, "ax", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * Returns a function that writes a change. A write is acknowledged only when the other processes know about this process. One check is
 * enough for all writes of a batch.
 */
function announcing(processes: Processes, writer: Writer): (change: Change) => Promise<string | undefined> {
  let looked = 0;
  return async (change) => {
    await processes.joined();
    const revision = await writer.write(change);
    if (looked === writer.outcomes()) await processes.joined();
    else {
      looked = writer.outcomes();
      await processes.announced();
    }
    return revision;
  };
}

/**
 * Returns a function that tells whether this process was the only one a moment ago. If so, no other process can have written
 * since then.
 */
function quietOf({ isAlone }: Processes): () => boolean {
  let quietUntil = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now();
    if (now < quietUntil) return true;
    quietUntil = isAlone() ? now + ALONE_MS : Number.NEGATIVE_INFINITY;
    return false;
  };
}

/**
 * Returns a function that tells whether something may have changed since the last call. While no other process uses the
 * journal, only writes of this process can change it. Then the answer needs no system call.
 */
function watch(hasChanged: () => boolean, outcomes: () => number, isQuiet: () => boolean): () => boolean {
  let known = 0;
  return () => {
    const wasQuiet = isQuiet();
    if (wasQuiet && outcomes() === known) return false;
    known = outcomes();
    return hasChanged();
  };
}

function withDatabase<T>(database: Database, use: (database: Database) => T): T {
  try {
    return use(database);
  } finally {
    database.close();
  }
}
