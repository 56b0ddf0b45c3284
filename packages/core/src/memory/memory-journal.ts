import { randomUUID } from "node:crypto";
import type { KeyRow } from "../compose/journaled/row/row.js";
import { stamped } from "../compose/journaled/row/row.js";
import { StorageError } from "../contract/errors.js";
import type {
  ControlRecord,
  Journal,
  JournalCounts,
  JournalOwner,
  JournalPart,
  Version,
} from "../contract/journal.js";
import { compareKeys } from "../contract/key.js";
import { nextVersion } from "../contract/version.js";

/** When a row has been worked on for so long that somebody should look, in milliseconds. */
export const STUCK_MS: number = 24 * 60 * 60 * 1000;

interface Kept {
  readonly row: KeyRow;
  readonly revision: Version;
}

interface Part {
  readonly owner: JournalOwner;
  readonly rows: Map<string, Kept>;
  readonly controls: Map<string, ControlRecord>;
  drops: number;
}

/**
 * A journal in this process: with it composers keep every promise as long as the process lives. For tests, and for
 * trying things out; nothing of it survives.
 */
export function memoryJournal(): Journal {
  const parts = new Map<string, Part>();
  const process = randomUUID();
  let last: Version | undefined;
  const stamp = (): Version => (last = nextVersion(last, steadyNow()));
  return {
    tier: "embedded",
    durable: false,
    open: (owner) => {
      const known = parts.get(owner.name) ?? { owner, rows: new Map(), controls: new Map(), drops: 0 };
      assertSameOwner(known.owner, owner);
      parts.set(owner.name, known);
      return partOf(known, process, stamp);
    },
    close: async () => {},
  };
}

function partOf(part: Part, process: string, stamp: () => Version): JournalPart {
  const { rows, controls } = part;
  return {
    process,
    now: steadyNow,
    read: (key) => rows.get(key) ?? { revision: noRow(part.drops) },
    write: async (key, expected, row) => {
      if ((rows.get(key)?.revision ?? noRow(part.drops)) !== expected) return undefined;
      const revision = stamp();
      if (row === undefined) {
        rows.delete(key);
        part.drops++;
      } else rows.set(key, { row: stamped(row, revision), revision });
      return revision;
    },
    due: async (before, limit) =>
      [...rows]
        .filter(([, { row }]) => row.nextAt <= before)
        .sort(([, a], [, b]) => a.row.nextAt - b.row.nextAt)
        .slice(0, limit)
        .map(([key]) => key),
    nextDue: async () => least([...rows.values()].map(({ row }) => row.nextAt)),
    rows: async (prefix, after, limit) =>
      [...rows]
        .filter(([key]) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0))
        .sort(([a], [b]) => compareKeys(a, b))
        .slice(0, limit)
        .map(([key, { row }]) => ({ key, row })),
    counts: async () => countsOf([...rows.values()].map(({ row }) => row)),
    isAlive: (other) => other === process,
    readControl: async (name) => controls.get(name),
    writeControl: async (name, expected, value) => {
      if (controls.get(name)?.revision !== expected) return undefined;
      const revision = stamp();
      controls.set(name, { value, revision });
      return revision;
    },
  };
}

/** The revision of a key that has no row, after so many rows have gone. */
export function noRow(drops: number): string {
  return `none-${drops}`;
}

/** The time of this process, whatever the system's clock is set to meanwhile. */
function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}

function least(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b));
}

function countsOf(rows: readonly KeyRow[]): JournalCounts {
  const stuckSince = steadyNow() - STUCK_MS;
  return {
    rows: rows.length,
    oldestSince: least(rows.map(({ since }) => since)),
    stuck: rows.filter(({ since }) => since < stuckSince).length,
  };
}

/**
 * @throws StorageError `InvalidArgument` when a composer comes to its journal with other members than before.
 */
export function assertSameOwner(known: JournalOwner, owner: JournalOwner): void {
  const was = describeOwner(known);
  const is = describeOwner(owner);
  if (was === is) return;
  const reason =
    `the journal knows ${JSON.stringify(owner.name)} as ${was}, and now it is ${is}; ` +
    "give a composer with other members another `name`, or another journal";
  throw new StorageError("InvalidArgument", reason, { operation: "open", provider: owner.name });
}

function describeOwner({ type, members }: JournalOwner): string {
  return `${type}(${members.map(({ name, place }) => `${name} at ${place}`).join(", ")})`;
}
