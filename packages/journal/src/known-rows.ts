import type { JournalEntry } from "@stowage/core/journal";

/** A function that returns the entry that a part of a journal has for a key. */
export type KnownRows = (key: string) => JournalEntry;

export interface RowSource {
  /** Tells whether anything was committed since the last call. */
  readonly hasChanged: () => boolean;
  readonly one: KnownRows;
  /** Reads all rows as they are at one moment. Returns `undefined` when there are too many to hold. */
  readonly all: () => KnownRows | undefined;
}

/** The number of reads without a commit after which all rows are read at once. */
const READS_BEFORE_ALL = 32;

/** Returns a reader of keys that does not ask the database again while nothing is committed. */
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
