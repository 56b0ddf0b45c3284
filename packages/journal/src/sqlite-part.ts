import {
  STUCK_MS,
  noRow,
  stampedRow,
  type ControlRecord,
  type JournalEntry,
  type JournalOwner,
  type JournalPart,
  type KeyRow,
  type Version,
} from "@stowage/core/journal";
import type { Change } from "./change.js";
import type { Database } from "./database.js";
import { createKnownRows, type KnownRows } from "./known-rows.js";

/** The number of slots. A hash assigns a slot to each key. Several keys may share a slot. */
const SLOTS = 1024;

/**
 * The start time that is stored for kept rows. It is later than every real start time, so queries for pending work
 * leave these rows out.
 */
const KEPT_SINCE = Number.MAX_SAFE_INTEGER;

/** The database, the clock and the functions that one composer's part of a journal uses. */
export interface PartContext {
  /** The connection for reads. */
  readonly database: Database;
  readonly process: string;
  readonly now: () => number;
  readonly isAlive: (process: string) => boolean | Promise<boolean>;
  readonly isRunning: (process: string) => boolean | Promise<boolean>;
  /** Tells whether anything was committed since the last call. */
  readonly hasChanged: () => boolean;
  /** Tells whether a control record may have been written since the last call. */
  readonly haveControlsChanged: () => boolean;
  /** Runs a read, and turns an error of SQLite into a `StorageError`. */
  readonly reading: <T>(work: () => T) => T;
  /**
   * Writes a change.
   *
   * @returns The new revision, after the change is on the disk; `undefined` if the change was not made.
   */
  readonly write: (change: Change) => Promise<Version | undefined>;
}

interface FoundRow {
  readonly row: string | null;
  readonly revision: Version | null;
  readonly drops: number | null;
}

/** Returns the part of a journal that belongs to one composer. The database must have the current schema. */
export function createPart(context: PartContext, owner: JournalOwner): JournalPart {
  const { database, write, reading } = context;
  const part = partId(database, owner);
  const { hasChanged } = context;
  const source = { hasChanged, one: readerOfOne(database, part), all: readerOfAll(database, part) };
  const read = createKnownRows(source);
  const due = database.prepare(
    "SELECT key FROM rows WHERE part = ? AND next_at <= ? ORDER BY next_at LIMIT ?",
  );
  const next = database.prepare(
    `SELECT min(next_at) AS at FROM rows WHERE part = ? AND since < ${KEPT_SINCE}`,
  );
  const range = database.prepare(
    `SELECT key, row, revision FROM rows
     WHERE part = ? AND key >= ? AND key > ? AND substr(key, 1, ?) = ? ORDER BY key LIMIT ?`,
  );
  const count = database.prepare(
    `SELECT count(*) AS rows, min(since) AS oldest, count(*) FILTER (WHERE since < ?) AS stuck
     FROM rows WHERE part = ? AND since < ${KEPT_SINCE}`,
  );
  const readControl = readerOfControls(context, part);
  return {
    process: context.process,
    now: context.now,
    isAlive: context.isAlive,
    isRunning: context.isRunning,
    read: (key) => reading(() => read(key)),
    write: (key, expected, row) =>
      write({
        now: context.now(),
        table: "rows",
        part,
        name: key,
        expected,
        slot: slotOf(key),
        ...valueOf(row),
      }),
    due: async (before, limit) =>
      reading(() => due.all(part, before, limit).map((found) => (found as { readonly key: string }).key)),
    nextDue: async () => reading(() => (next.get(part) as { readonly at: number | null }).at ?? undefined),
    rows: async (prefix, after, limit) =>
      reading(() =>
        range
          .all(part, prefix, after ?? "", Array.from(prefix).length, prefix, limit)
          .map((found) => keyAndRow(found as FoundKey)),
      ),
    counts: async () =>
      reading(() => {
        const { rows, oldest, stuck } = count.get(context.now() - STUCK_MS, part) as FoundCounts;
        return { rows, oldestSince: oldest ?? undefined, stuck };
      }),
    readControl: async (name) => reading(() => readControl(name)),
    writeControl: (name, expected, value) =>
      write({ now: context.now(), table: "controls", part, name, expected, value: JSON.stringify(value) }),
  };
}

function valueOf(row: KeyRow | undefined): Pick<Change, "value" | "since" | "nextAt"> {
  if (row === undefined) return { value: undefined };
  const since = row.isKept === true ? KEPT_SINCE : row.since;
  return { value: JSON.stringify(row), since, nextAt: row.nextAt };
}

/** The maximum number of rows that are kept in memory. A journal with more rows changes too often for this. */
const KNOWN_ROWS_MAX = 1000;

function readerOfOne(database: Database, part: number): KnownRows {
  const read = database.prepare(
    `SELECT r.row, r.revision, (SELECT drops FROM generations WHERE part = ? AND slot = ?) AS drops
     FROM (SELECT 1) LEFT JOIN rows r ON r.part = ? AND r.key = ?`,
  );
  return (key) => {
    const { row, revision, drops } = read.get(part, slotOf(key), part, key) as FoundRow;
    if (row === null || revision === null) return { revision: noRow(drops ?? 0) };
    return { row: parseRow(row, revision), revision };
  };
}

function readerOfAll(database: Database, part: number): () => KnownRows | undefined {
  const rows = database.prepare("SELECT key, row, revision FROM rows WHERE part = ? LIMIT ?");
  const generations = database.prepare("SELECT slot, drops FROM generations WHERE part = ?");
  const read = (): KnownRows | undefined => {
    const found = rows.all(part, KNOWN_ROWS_MAX + 1) as readonly FoundKey[];
    if (found.length > KNOWN_ROWS_MAX) return undefined;
    const entries = new Map(
      found.map(({ key, row, revision }) => [key, { row: parseRow(row, revision), revision }] as const),
    );
    const absent = Array.from({ length: SLOTS }, () => ({ revision: noRow(0) }));
    for (const { slot, drops } of generations.all(part) as readonly FoundGeneration[]) {
      absent[slot] = { revision: noRow(drops) };
    }
    return (key) => entries.get(key) ?? (absent[slotOf(key)] as JournalEntry);
  };
  return () => atOnce(database, read);
}

/**
 * Returns a reader of control records. As long as no record is written, the reader does not query the database again.
 * This matters because every put reads one record twice.
 */
function readerOfControls(
  { database, haveControlsChanged }: PartContext,
  part: number,
): (name: string) => ControlRecord | undefined {
  const read = database.prepare("SELECT value, revision FROM controls WHERE part = ? AND name = ?");
  const known = new Map<string, ControlRecord | undefined>();
  return (name) => {
    if (haveControlsChanged()) known.clear();
    if (known.has(name)) return known.get(name);
    const record = controlOf(read.get(part, name) as FoundControl | undefined);
    known.set(name, record);
    return record;
  };
}

function atOnce<T>(database: Database, read: () => T): T {
  database.exec("BEGIN");
  try {
    return read();
  } finally {
    database.exec("COMMIT");
  }
}

interface FoundGeneration {
  readonly slot: number;
  readonly drops: number;
}

interface FoundKey {
  readonly key: string;
  readonly row: string;
  readonly revision: Version;
}

interface FoundCounts {
  readonly rows: number;
  readonly oldest: number | null;
  readonly stuck: number;
}

interface FoundControl {
  readonly value: string;
  readonly revision: Version;
}

function keyAndRow({ key, row, revision }: FoundKey): { readonly key: string; readonly row: KeyRow } {
  return { key, row: parseRow(row, revision) };
}

function parseRow(row: string, revision: Version): KeyRow {
  return stampedRow(JSON.parse(row) as KeyRow, revision);
}

function controlOf(found: FoundControl | undefined): ControlRecord | undefined {
  return found && { value: JSON.parse(found.value) as unknown, revision: found.revision };
}

/** Records a composer that is new to this journal. */
export function registerPart(database: Database, owner: JournalOwner): void {
  database
    .prepare("INSERT OR IGNORE INTO parts (name, owner) VALUES (?, ?)")
    .run(owner.name, JSON.stringify(owner));
}

function partId(database: Database, owner: JournalOwner): number {
  const found = database.prepare("SELECT id FROM parts WHERE name = ?").get(owner.name) as {
    readonly id: number;
  };
  return found.id;
}

/** Returns the slot of a key by the hash FNV-1a. @see https://www.rfc-editor.org/rfc/rfc9923 */
function slotOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % SLOTS;
}
