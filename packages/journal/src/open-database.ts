import { clock } from "@stowage/core/journal";
import { openDatabase, type Database, type Driver } from "./database.js";
import { openError } from "./errors.js";
import { SCHEMA_VERSION, migrate, schemaVersionOf } from "./schema.js";

/** The maximum time to wait while a different process writes, in milliseconds. */
const BUSY_MS = 10_000;

/**
 * The maximum time that a read waits for a lock, in milliseconds. Reads run on the main thread, and have to wait for a lock only while the
 * file is being recovered.
 */
const READ_BUSY_MS = 20;

/** The time, in milliseconds, for which opening is retried while other processes start or end. */
const OPENING_MS = 3000;
const OPENING_PAUSE_MS = 20;

/**
 * The failures that go away by themselves. The last process that closes a database removes the files beside the
 * database. A process that opens these files at the same moment may get one of these failures.
 */
const PASSING = /BUSY|LOCKED|locked|IOERR|disk I\/O|CANTOPEN|unable to open|PROTOCOL/;

/** Runs a function that opens a database. Retries the function while other processes are in the way. */
export function opening<T>(work: () => T): T {
  const until = clock.now() + OPENING_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
      if (clock.now() >= until || !PASSING.test(`${String(code)} ${String(message)}`)) throw error;
      pause();
    }
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPENING_PAUSE_MS);
}

/**
 * Opens a journal for writing.
 *
 * @param syncs - The point at which the data of a commit is synced to the disk. With `"after the transaction"`, the caller
 * syncs the log. SQLite itself then syncs the log only before it copies pages out of the log, and when it starts a new log.
 * @see https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export function openForWriting(
  path: string,
  driver: Driver,
  syncs: "in the transaction" | "after the transaction" = "in the transaction",
): Database {
  const database = openDatabase(path, driver);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    database.exec("PRAGMA journal_mode = WAL");
    database.exec(`PRAGMA synchronous = ${syncs === "in the transaction" ? "FULL" : "NORMAL"}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

export function openForReading(path: string, driver: Driver): Database {
  const database = openDatabase(path, driver);
  try {
    database.exec(`PRAGMA busy_timeout = ${READ_BUSY_MS}`);
    database.exec("PRAGMA query_only = 1");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Creates the file if it is missing, and brings it to the schema of this version.
 *
 * @throws StorageError `InvalidArgument` for a file that is damaged, is not a journal, or has a later version.
 */
export function prepareFile(path: string, driver: Driver): void {
  const database = openForWriting(path, driver);
  try {
    const version = schemaVersionOf(database);
    if (version === undefined)
      throw openError(path, "is a database of a different program; give the journal its own path");
    if (version > SCHEMA_VERSION) {
      const reason = `has version ${version}, but this package knows only versions up to ${SCHEMA_VERSION}; update @stowage/journal`;
      throw openError(path, reason);
    }
    assertSound(database, path);
    if (version < SCHEMA_VERSION) migrate(database);
  } finally {
    database.close();
  }
}

function assertSound(database: Database, path: string): void {
  const [first] = database.prepare("PRAGMA quick_check(1)").all();
  const text = Object.values(Object(first))[0];
  if (text === "ok") return;
  const reason =
    `is damaged (${String(text)}); move the file away and start with an empty journal: ` +
    "each composer then compares its members and continues";
  throw openError(path, reason);
}
