import { clock } from "../kit/clock.js";
import { randomUUID } from "node:crypto";
import { type KeyRow, stampedRow } from "../contract/key-row.js";
import type { ControlRecord, Journal, JournalCounts, JournalPart } from "../contract/journal.js";
import { STUCK_MS, noRow } from "../kit/journal-parts.js";
import { compareKeys } from "../contract/key.js";
import { nextVersion, type Version } from "../contract/version.js";

/** The time when this process began, on the system's clock. The time is stored here because test runners replace the clock. */
const TIME_ORIGIN = performance.timeOrigin;

interface Kept {
  readonly row: KeyRow;
  readonly revision: Version;
}

interface Part {
  readonly rows: Map<string, Kept>;
  readonly controls: Map<string, ControlRecord>;
  drops: number;
}

/**
 * Makes a journal in the memory of this process. With this journal, composers keep every promise as long as the process runs. The
 * journal is for tests and experiments, because it is lost when the process ends.
 */
export function memoryJournal(): Journal {
  const parts = new Map<string, Part>();
  const process = randomUUID();
  let last: Version | undefined;
  const stamp = (): Version => (last = nextVersion(last, steadyNow()));
  return {
    tier: "embedded",
    durable: false,
    open: ({ name }) => {
      const known = parts.get(name) ?? { rows: new Map(), controls: new Map(), drops: 0 };
      parts.set(name, known);
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
      } else rows.set(key, { row: stampedRow(row, revision), revision });
      return revision;
    },
    due: async (before, limit) =>
      [...rows]
        .filter(([, { row }]) => row.nextAt <= before)
        .sort(([, a], [, b]) => a.row.nextAt - b.row.nextAt)
        .slice(0, limit)
        .map(([key]) => key),
    nextDue: async () => least(working(rows).map(({ nextAt }) => nextAt)),
    rows: async (prefix, after, limit) =>
      [...rows]
        .filter(([key]) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0))
        .sort(([a], [b]) => compareKeys(a, b))
        .slice(0, limit)
        .map(([key, { row }]) => ({ key, row })),
    counts: async () => countsOf(working(rows)),
    isAlive: (other) => other === process,
    isRunning: (other) => other === process,
    readControl: async (name) => controls.get(name),
    writeControl: async (name, expected, value) => {
      if (controls.get(name)?.revision !== expected) return undefined;
      const revision = stamp();
      controls.set(name, { value, revision });
      return revision;
    },
  };
}

/** Returns the rows of keys that still need work. */
function working(rows: ReadonlyMap<string, Kept>): readonly KeyRow[] {
  return [...rows.values()].flatMap(({ row }) => (row.isKept === true ? [] : [row]));
}

/**
 * Returns the current time, in milliseconds since 1970. If the system's clock is changed while the process runs, this
 * time does not jump.
 */
function steadyNow(): number {
  return TIME_ORIGIN + clock.now();
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
