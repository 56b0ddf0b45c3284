import { createApply, type Apply, type Change } from "../../packages/journal/src/change.js";
import { openDatabase, type Database, type Statement } from "../../packages/journal/src/database.js";
import { migrate } from "../../packages/journal/src/schema.js";
import { createPart, registerPart } from "../../packages/journal/src/sqlite-part.js";
import type { Journal, JournalPart, KeyRow } from "./core.js";
import { fail } from "./fake-member.js";
import type { ProcessLife } from "./process-life.js";
import { between, type Random } from "./random.js";
import type { VirtualTime } from "./virtual-time.js";

/** The real journal, in memory, behind a disk that is slow and fails. */
export interface JournalDisk {
  readonly database: Database;
  readonly apply: Apply;
  /** How often a write fails, from 0 to 1. */
  failing: number;
}

export function createDisk(): JournalDisk {
  const database = preparedOnce(openDatabase(":memory:"));
  migrate(database);
  return { database, apply: createApply(database), failing: 0 };
}

/** Each process prepares the same statements: here they share one database. */
function preparedOnce(database: Database): Database {
  const statements = new Map<string, Statement>();
  return {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare: (sql) => {
      const statement = statements.get(sql) ?? database.prepare(sql);
      statements.set(sql, statement);
      return statement;
    },
  };
}

/** The journal as one process has it: when the process dies, what it waits for never comes. */
export function processJournal(
  disk: JournalDisk,
  time: VirtualTime,
  random: Random,
  life: ProcessLife,
  isAlive: (id: string) => boolean,
  prefix: string,
  durable: boolean,
): Journal {
  const write = async (change: Change): Promise<string | undefined> => {
    await life.running();
    await time.sleep(between(random, 0.1, 2));
    await life.running();
    if (random() < disk.failing) fail("Unavailable", "no", "put", change.name, "journal");
    const [revision] = disk.apply([change]);
    await time.sleep(between(random, 0.1, 2));
    await life.running();
    return revision;
  };
  return {
    tier: "embedded",
    durable,
    open: (owner) => {
      const context = {
        database: disk.database,
        process: life.id,
        now: () => time.now,
        isAlive,
        isRunning: isAlive,
        hasChanged: () => true,
        haveControlsChanged: () => true,
        reading: <T>(work: () => T): T => work(),
        write,
      };
      const named = { ...owner, name: `${prefix}${owner.name}` };
      registerPart(disk.database, named);
      const part = createPart(context, named);
      return {
        ...part,
        read: (key): ReturnType<JournalPart["read"]> =>
          life.isRunning ? part.read(key) : life.running().then(() => part.read(key)),
        readControl: async (name) => {
          await life.running();
          return await part.readControl(name);
        },
      };
    },
    close: async () => {},
  };
}

/** The rows of one history. */
export function rowsOf(
  { database }: JournalDisk,
  prefix: string,
): readonly { readonly key: string; readonly row: KeyRow }[] {
  const found = database
    .prepare(
      "SELECT key, row FROM rows JOIN parts ON parts.id = rows.part WHERE substr(parts.name, 1, ?) = ?",
    )
    .all(prefix.length, prefix) as readonly { readonly key: string; readonly row: string }[];
  return found.map(({ key, row }) => ({ key, row: JSON.parse(row) as KeyRow }));
}

export function forget({ database }: JournalDisk): void {
  database.exec(
    "DELETE FROM rows; DELETE FROM generations; DELETE FROM controls; DELETE FROM parts; DELETE FROM clock",
  );
}

const TABLES: readonly (readonly [table: string, columns: readonly string[]])[] = [
  ["parts", ["id", "name", "owner"]],
  ["rows", ["part", "key", "revision", "row", "since", "next_at"]],
  ["generations", ["part", "slot", "drops"]],
  ["controls", ["part", "name", "revision", "value"]],
  ["clock", ["id", "version"]],
];

type Snapshot = readonly (readonly Readonly<Record<string, string | number | null>>[])[];

/** Everything that is in the journal, to be brought back later as from a backup. */
export function snapshotOf({ database }: JournalDisk): Snapshot {
  return TABLES.map(
    ([table, columns]) =>
      database.prepare(`SELECT ${columns.join(", ")} FROM ${table}`).all() as Snapshot[number],
  );
}

export function restore(disk: JournalDisk, snapshot: Snapshot): void {
  forget(disk);
  for (const [index, [table, columns]] of TABLES.entries()) {
    const places = columns.map(() => "?").join(", ");
    const insert = disk.database.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`);
    for (const row of snapshot[index] ?? []) insert.run(...columns.map((name) => row[name] ?? null));
  }
}
