import type { JournalEntry } from "@stowage/core/journal";

/** All that a part of a journal says, at one moment. */
export type KnownRows = (key: string) => JournalEntry;

export interface RowSource {
  /** Whether anything was committed since this was asked the last time. */
  readonly hasChanged: () => boolean;
  readonly one: KnownRows;
  /** Everything, of one moment; `undefined` when it is too much to hold. */
  readonly all: () => KnownRows | undefined;
}

/** So many reads between two commits are worth to have everything read. */
const READS_BEFORE_ALL = 32;

/** Reads of keys that do not ask the database again while nothing is committed. */
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
