import type { JournalEntry } from "@stowage/core/journal";

/** A function that returns the entry for a key in one composer's part of a journal. */
export type KnownRows = (key: string) => JournalEntry;

export interface RowSource {
  /** Tells whether anything was committed since the last call. */
  readonly hasChanged: () => boolean;
  readonly one: KnownRows;
  /** Reads all rows as they are at one moment. Returns `undefined` if there are too many rows to keep in memory. */
  readonly all: () => KnownRows | undefined;
}

/** After this many consecutive reads without a commit, all rows are read into memory. */
const READS_BEFORE_ALL = 32;

/**
 * Returns a function that reads the entry for a key. As long as nothing is committed, the function does not query the
 * database again.
 */
export function createKnownRows({ hasChanged, one, all }: RowSource): KnownRows {
  let known: KnownRows | undefined;
  let reads = 0;
  return (key) => {
    if (hasChanged()) {
      known = undefined;
      reads = 0;
    }
    if (known !== undefined) return known(key);
    if (++reads !== READS_BEFORE_ALL) return one(key);
    known = all();
    return known?.(key) ?? one(key);
  };
}
