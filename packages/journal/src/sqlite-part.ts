import {
  STUCK_MS,
  assertSameOwner,
  noRow,
  stampedRow,
  type ControlRecord,
  type JournalOwner,
  type JournalPart,
  type KeyRow,
  type Version,
} from "@stowage/core";
import type { Change } from "./change.js";
import type { Database } from "./database.js";

/** How many generations there are: keys share them by a hash. */
const SLOTS = 1024;

/** What the parts of one journal share. */
export interface PartContext {
  /** For reading. */
  readonly database: Database;
  readonly process: string;
  readonly now: () => number;
  readonly isAlive: (process: string) => boolean | Promise<boolean>;
  /** @returns The new revision, once it is durable. */
  readonly write: (change: Change) => Promise<Version | undefined>;
}

interface FoundRow {
  readonly row: string | null;
  readonly revision: Version | null;
  readonly drops: number | null;
}

/** The part of one composer, in a database that is migrated. */
export function createPart(context: PartContext, owner: JournalOwner): JournalPart {
  const { database, write } = context;
  const part = partId(database, owner);
  const read = database.prepare(
    `SELECT r.row, r.revision, (SELECT drops FROM generations WHERE part = ? AND slot = ?) AS drops
     FROM (SELECT 1) LEFT JOIN rows r ON r.part = ? AND r.key = ?`,
  );
  const due = database.prepare(
    "SELECT key FROM rows WHERE part = ? AND next_at <= ? ORDER BY next_at LIMIT ?",
  );
  const next = database.prepare("SELECT min(next_at) AS at FROM rows WHERE part = ?");
  const range = database.prepare(
    `SELECT key, row, revision FROM rows
     WHERE part = ? AND key >= ? AND key > ? AND substr(key, 1, ?) = ? ORDER BY key LIMIT ?`,
  );
  const count = database.prepare(
    `SELECT count(*) AS rows, min(since) AS oldest, count(*) FILTER (WHERE since < ?) AS stuck
     FROM rows WHERE part = ?`,
  );
  const control = database.prepare("SELECT value, revision FROM controls WHERE part = ? AND name = ?");
  return {
    process: context.process,
    now: context.now,
    isAlive: context.isAlive,
    read: (key) => {
      const slot = slotOf(key);
      const { row, revision, drops } = read.get(part, slot, part, key) as FoundRow;
      if (row === null || revision === null) return { revision: noRow(drops ?? 0) };
      return { row: parseRow(row, revision), revision };
    },
    write: (key, expected, row) =>
      write({
        now: context.now(),
        table: "rows",
        part,
        name: key,
        expected,
        slot: slotOf(key),
        ...(row === undefined
          ? { value: undefined }
          : { value: JSON.stringify(row), since: row.since, nextAt: row.nextAt }),
      }),
    due: async (before, limit) =>
      due.all(part, before, limit).map((found) => (found as { readonly key: string }).key),
    nextDue: async () => (next.get(part) as { readonly at: number | null }).at ?? undefined,
    rows: async (prefix, after, limit) =>
      range
        .all(part, prefix, after ?? "", Array.from(prefix).length, prefix, limit)
        .map((found) => keyAndRow(found as FoundKey)),
    counts: async () => {
      const { rows, oldest, stuck } = count.get(context.now() - STUCK_MS, part) as FoundCounts;
      return { rows, oldestSince: oldest ?? undefined, stuck };
    },
    readControl: async (name) => controlOf(control.get(part, name) as FoundControl | undefined),
    writeControl: (name, expected, value) =>
      write({ now: context.now(), table: "controls", part, name, expected, value: JSON.stringify(value) }),
  };
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

/** Writes a composer down that is new to this journal. */
export function registerPart(database: Database, owner: JournalOwner): void {
  database
    .prepare("INSERT OR IGNORE INTO parts (name, owner) VALUES (?, ?)")
    .run(owner.name, JSON.stringify(owner));
}

function partId(database: Database, owner: JournalOwner): number {
  const found = database.prepare("SELECT id, owner FROM parts WHERE name = ?").get(owner.name) as {
    readonly id: number;
    readonly owner: string;
  };
  assertSameOwner(JSON.parse(found.owner) as JournalOwner, owner);
  return found.id;
}

/** FNV-1a. @see https://www.rfc-editor.org/rfc/rfc9923 */
function slotOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % SLOTS;
}
