import type { JournalEntry, JournalPart } from "../../../contract/journal.js";
import { isStorageError, withErrorFacts } from "../../../contract/errors.js";
import { type KeyRow, stampedRow } from "../../../contract/key-row.js";
import { clock } from "../../../kit/clock.js";
import type { Version } from "../../../contract/version.js";
import type { ReplicaSet } from "../replica-set.js";
import { assertRow, rowChecks } from "../row/assert-row.js";

/**
 * The error for a row that another process has changed between the read and the write. When this error is thrown, no
 * work has been done yet.
 */
export class Overtaken extends Error {}

/** The writer of one row. A renewal of the lease may come at any moment, so the writer writes one state at a time. */
export interface RowWriter {
  /**
   * Writes the next state of the row.
   *
   * @returns The row with the versions that the journal gave it.
   * @throws Overtaken if another process has changed the row.
   */
  readonly write: (next: () => KeyRow | undefined) => Promise<KeyRow | undefined>;
  /** The revision that was read or written last. */
  readonly revision: () => string;
  /** Tells whether a row with a lease was written. If so, requests to members may already have been sent. */
  readonly isSaved: () => boolean;
}

/** Makes the writer of one held row. Each write renews the lease. */
export function createRowWriter(
  { journal }: ReplicaSet,
  key: string,
  entry: JournalEntry,
  lease: LeaseWatch,
): RowWriter {
  let revision = entry.revision;
  let isSaved = false;
  let writing: Promise<unknown> = Promise.resolve();
  return {
    revision: () => revision,
    isSaved: () => isSaved,
    write: async (next) => {
      const mine = writing.then(async () => {
        const renew = lease.begin();
        const row = next();
        const written = await writeRow(journal, key, revision, row).catch((error: unknown) => {
          throw isSaved && isStorageError(error) ? withErrorFacts(error, { applied: "unknown" }) : error;
        });
        if (written === undefined) throw new Overtaken();
        revision = written;
        renew();
        if (row?.lease !== undefined) isSaved = true;
        return row && stampedRow(row, written);
      });
      writing = mine.catch(() => {});
      return await mine;
    },
  };
}

/** Writes or drops a row, like `JournalPart.write`. Every row that is saved goes through this function. */
export async function writeRow(
  journal: JournalPart,
  key: string,
  expected: string,
  row: KeyRow | undefined,
): Promise<Version | undefined> {
  const written = await journal.write(key, expected, row);
  // If the row was made from an older revision, the journal has refused to write it. Such a row is not checked.
  if (rowChecks.isOn && written !== undefined && row !== undefined) assertRow(key, row);
  return written;
}

/** A stopwatch that measures the time since a lease was renewed. */
export interface LeaseWatch {
  /**
   * Begins a renewal, and returns the function to call when the renewal has succeeded. The time of the lease counts from the beginning of
   * the renewal.
   */
  readonly begin: () => () => void;
  readonly isOver: () => boolean;
}

/**
 * Makes the stopwatch of one lease. The stopwatch reads the monotonic clock and the system's clock, and uses the clock that has advanced
 * more. The monotonic clock stops while the machine sleeps, and the system's clock may be set back.
 */
export function createLeaseWatch(leaseMs: number): LeaseWatch {
  const times = (): readonly [number, number] => [clock.now(), Date.now()];
  let renewed = times();
  return {
    begin: () => {
      const begun = times();
      return () => (renewed = begun);
    },
    isOver: () => times().some((now, index) => now - (renewed[index] ?? 0) >= leaseMs),
  };
}
