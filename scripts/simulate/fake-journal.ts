import { createApply, type Apply, type Change } from "../../packages/journal/src/change.js";
import { openDatabase, type Database, type Statement } from "../../packages/journal/src/database.js";
import { migrate } from "../../packages/journal/src/schema.js";
import { createPart, registerPart } from "../../packages/journal/src/sqlite-part.js";
import type { Journal, JournalPart, KeyRow } from "./core.js";
import { fail, forever } from "./fake-member.js";
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

/** One process of several. */
export interface ProcessLife {
  readonly id: string;
  alive: boolean;
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
    if (!life.alive) await forever();
    await time.sleep(between(random, 0.1, 2));
    if (!life.alive) await forever();
    if (random() < disk.failing) fail("Unavailable", "no", "put", change.name, "journal");
    const [revision] = disk.apply([change]);
    await time.sleep(between(random, 0.1, 2));
    if (!life.alive) await forever();
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
        hasChanged: () => true,
        reading: <T>(work: () => T): T => work(),
        write,
      };
      const named = { ...owner, name: `${prefix}${owner.name}` };
      registerPart(disk.database, named);
      const part = createPart(context, named);
      return {
        ...part,
        read: (key): ReturnType<JournalPart["read"]> => (life.alive ? part.read(key) : forever()),
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
