import type { Database } from "./database.js";

/**
 * The number that marks a file as a journal of this package. Its bytes spell "Stow".
 *
 * @see https://www.sqlite.org/pragma.html#pragma_application_id
 */
const APPLICATION_ID = 0x53746f77;

/**
 * The steps between schema versions. The step with index n changes the schema from version n to version n + 1.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), version TEXT NOT NULL);
  CREATE TABLE boots (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL, offset REAL NOT NULL);
  CREATE TABLE parts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner TEXT NOT NULL);
  CREATE TABLE rows (
    part INTEGER NOT NULL REFERENCES parts (id),
    key TEXT NOT NULL,
    revision TEXT NOT NULL,
    row TEXT NOT NULL,
    since INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    PRIMARY KEY (part, key)
  ) WITHOUT ROWID;
  CREATE INDEX rows_due ON rows (part, next_at);
  CREATE TABLE generations (
    part INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    drops INTEGER NOT NULL,
    PRIMARY KEY (part, slot)
  ) WITHOUT ROWID;
  CREATE TABLE controls (
    part INTEGER NOT NULL,
    name TEXT NOT NULL,
    revision TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (part, name)
  ) WITHOUT ROWID;
  `,
];

export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** Returns the schema version of a file. Returns 0 if the file is empty, and `undefined` if the file is not a journal. */
export function schemaVersionOf(database: Database): number | undefined {
  const version = pragma(database, "user_version");
  const id = pragma(database, "application_id");
  if (id === APPLICATION_ID) return version;
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_master").get() as {
    readonly tables: number;
  };
  return id === 0 && version === 0 && tables === 0 ? 0 : undefined;
}

function pragma(database: Database, name: string): number {
  return Object.values(Object(database.prepare(`PRAGMA ${name}`).get()))[0] as number;
}

/** Brings a file to the schema of this version, in one transaction. */
export function migrate(database: Database): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = schemaVersionOf(database) ?? 0;
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
