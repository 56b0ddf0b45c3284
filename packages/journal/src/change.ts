import { nextVersion, noRow, type Version } from "@stowage/core/journal";
import type { Database, Statement } from "./database.js";

/** One change to a journal. The change is made only if the record still has the expected revision. */
export interface Change {
  /** The time by the journal's clock, in milliseconds since 1970. */
  readonly now: number;
  readonly table: "rows" | "controls";
  readonly part: number;
  /** The key of a row, or the name of a control record. */
  readonly name: string;
  /** The revision that the record must have. Absent for a new control record. */
  readonly expected: string | undefined;
  /** The new record as JSON. Without a value, the record is dropped. */
  readonly value: string | undefined;
  readonly since?: number;
  readonly nextAt?: number;
  /**
   * The slot of the key. A key without a row has a revision too. This revision is the number of rows that were dropped in the
   * key's slot.
   */
  readonly slot?: number;
}

/** The new revision for each change, in order; `undefined` for a change that was not made. */
export type Applied = readonly (Version | undefined)[];

/** A function that applies several changes in one transaction. */
export type Apply = (changes: readonly Change[]) => Applied;

const SQL = {
  clock: "SELECT version FROM clock WHERE id = 1",
  setClock: "INSERT OR REPLACE INTO clock (id, version) VALUES (1, ?)",
  rows: {
    find: "SELECT revision FROM rows WHERE part = ? AND key = ?",
    put: "INSERT OR REPLACE INTO rows (part, key, revision, row, since, next_at) VALUES (?, ?, ?, ?, ?, ?)",
    drop: "DELETE FROM rows WHERE part = ? AND key = ?",
  },
  controls: {
    find: "SELECT revision FROM controls WHERE part = ? AND name = ?",
    put: "INSERT OR REPLACE INTO controls (part, name, revision, value) VALUES (?, ?, ?, ?)",
    drop: "DELETE FROM controls WHERE part = ? AND name = ?",
  },
  drops: "SELECT drops FROM generations WHERE part = ? AND slot = ?",
  dropped: `INSERT INTO generations (part, slot, drops) VALUES (?, ?, 1)
    ON CONFLICT (part, slot) DO UPDATE SET drops = drops + 1`,
} as const;

/** Returns the function that makes changes. Its statements are prepared once. */
export function createApply(database: Database): Apply {
  const clock = database.prepare(SQL.clock);
  const setClock = database.prepare(SQL.setClock);
  const drops = database.prepare(SQL.drops);
  const dropped = database.prepare(SQL.dropped);
  const tables = { rows: prepareTable(database, "rows"), controls: prepareTable(database, "controls") };

  const absent = (part: number, slot: number | undefined): string | undefined => {
    if (slot === undefined) return undefined;
    return noRow((drops.get(part, slot) as { readonly drops: number } | undefined)?.drops ?? 0);
  };
  const applyOne = (change: Change, last: Version | undefined): Version | undefined => {
    const { table, part, name, expected, value, since = 0, nextAt = 0, slot } = change;
    const { find, put, drop } = tables[table];
    const found = find.get(part, name) as { readonly revision: Version } | undefined;
    if ((found?.revision ?? absent(part, slot)) !== expected) return undefined;
    const revision = nextVersion(last, change.now);
    if (value === undefined) {
      drop.run(part, name);
      if (slot !== undefined) dropped.run(part, slot);
    } else if (table === "rows") put.run(part, name, revision, value, since, nextAt);
    else put.run(part, name, revision, value);
    return revision;
  };

  return (changes) => {
    database.exec("BEGIN IMMEDIATE");
    try {
      let last = (clock.get() as { readonly version: Version } | undefined)?.version;
      const applied = changes.map((change) => {
        const revision = applyOne(change, last);
        last = revision ?? last;
        return revision;
      });
      if (last !== undefined) setClock.run(last);
      database.exec("COMMIT");
      return applied;
    } catch (error) {
      rollBack(database);
      throw error;
    }
  };
}

function prepareTable(
  database: Database,
  table: "rows" | "controls",
): { readonly find: Statement; readonly put: Statement; readonly drop: Statement } {
  const { find, put, drop } = SQL[table];
  return { find: database.prepare(find), put: database.prepare(put), drop: database.prepare(drop) };
}

/** Rolls back a transaction that has failed. The transaction may already be over. */
function rollBack(database: Database): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // The transaction was already over.
  }
}
