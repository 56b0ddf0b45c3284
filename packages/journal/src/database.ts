import { createRequire } from "node:module";

/** The functions of SQLite that a journal needs. `node:sqlite` and `libsql` both have them. */
export interface Database {
  readonly exec: (sql: string) => void;
  readonly prepare: (sql: string) => Statement;
  readonly close: () => void;
}

export type SqlValue = string | number | null;

export interface Statement {
  readonly get: (...values: readonly SqlValue[]) => unknown;
  readonly all: (...values: readonly SqlValue[]) => readonly unknown[];
  readonly run: (...values: readonly SqlValue[]) => unknown;
}

type Open = (path: string) => Database;

/**
 * The library that opens an SQLite file. The default is `node:sqlite` if this version of Node has it, and `libsql`
 * otherwise.
 */
export type Driver = "node:sqlite" | "libsql";

/** Opens a database file. The driver is loaded when it is first needed, which takes a few milliseconds. */
export function openDatabase(path: string, driver: Driver = defaultDriver()): Database {
  return opener(driver)(path);
}

let found: Driver | undefined;

export function defaultDriver(): Driver {
  found ??= hasNodeSqlite() ? "node:sqlite" : "libsql";
  return found;
}

function hasNodeSqlite(): boolean {
  return process.getBuiltinModule?.("node:sqlite") !== undefined;
}

function opener(driver: Driver): Open {
  if (driver === "libsql") {
    const Libsql = createRequire(import.meta.url)("libsql") as new (path: string) => Database;
    return (path) => new Libsql(path);
  }
  const sqlite = process.getBuiltinModule?.("node:sqlite") as unknown as {
    readonly Database?: new (path: string) => Database;
    readonly DatabaseSync: new (path: string) => Database;
  };
  const Sqlite = sqlite.Database ?? sqlite.DatabaseSync;
  return (path) => new Sqlite(path);
}
