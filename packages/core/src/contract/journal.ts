import type { KeyRow } from "./key-row.js";
import type { Version } from "./version.js";

/** The entry of a journal for one key. */
export interface JournalEntry {
  /** Absent when the key is not in transition. */
  readonly row?: KeyRow | undefined;
  /**
   * The revision changes with every write of the row. Several keys without a row may share one revision. Their revision
   * changes whenever a row is added for one of these keys and then dropped.
   */
  readonly revision: string;
}

/** A composer that opens its part of a journal. */
export interface JournalOwner {
  /** The composer's name, unique within one journal. */
  readonly name: string;
  readonly type: string;
  /** The names of the members, each with its place. The place is the result of the member's `ref("x")`. */
  readonly members: readonly { readonly name: string; readonly place: string }[];
}

/** A small record that belongs to a composer as a whole, such as the percentage of a split. */
export interface ControlRecord {
  readonly value: unknown;
  readonly revision: Version;
}

/** The number of keys in transition, and their age. A row with `isKept` does not count. */
export interface JournalCounts {
  readonly rows: number;
  /** The time at which the oldest row was created, in milliseconds since 1970. */
  readonly oldestSince?: number | undefined;
  /** The number of rows that repair has not finished within the expected time. */
  readonly stuck: number;
}

/**
 * The part of a journal that belongs to one composer: a row for each key that is in transition.
 *
 * **Behaviour**
 * - A write is durable when it resolves. A write takes place only if the row still has the expected revision.
 * - Versions and revisions come from one clock. This clock never goes back, even across processes.
 * - A read shows every write that resolved before the read began, in any process.
 */
export interface JournalPart {
  /** The name that leases use for this process. */
  readonly process: string;
  /**
   * Returns the time of the journal, in milliseconds since 1970. All times in rows come from this clock. The clock is the same
   * for every process, continues after a restart, and ignores changes of the system's clock.
   */
  readonly now: () => number;
  readonly read: (key: string) => JournalEntry | Promise<JournalEntry>;
  /**
   * Replaces the row of a key, or drops the row.
   *
   * @param expected - The revision that was read.
   * @returns The new revision; `undefined` if the key has changed since it was read. In that case nothing is written.
   * @throws StorageError `Unavailable` if the journal cannot be written.
   */
  readonly write: (key: string, expected: string, row: KeyRow | undefined) => Promise<Version | undefined>;
  /**
   * Returns the keys that are due, starting with the key that has been overdue for the longest time. Keys whose row has
   * `isKept` are included.
   */
  readonly due: (before: number, limit: number) => Promise<readonly string[]>;
  /**
   * Returns the earliest time at which any row is due; `undefined` if no row needs work. A row with `isKept` does not
   * count.
   */
  readonly nextDue: () => Promise<number | undefined>;
  /** Returns the rows of the keys with a prefix, in UTF-8 byte order, starting with the first key after `after`. */
  readonly rows: (
    prefix: string,
    after: string | undefined,
    limit: number,
  ) => Promise<readonly { readonly key: string; readonly row: KeyRow }[]>;
  readonly counts: () => Promise<JournalCounts>;
  /** Tells whether a process that holds a lease may still be running. */
  readonly isAlive: (process: string) => boolean | Promise<boolean>;
  /** Tells whether a process is known to be running. An unknown process counts as not running. */
  readonly isRunning: (process: string) => boolean | Promise<boolean>;
  readonly readControl: (name: string) => Promise<ControlRecord | undefined>;
  /** Writes a control record in the same way as `JournalPart.write` writes a row. */
  readonly writeControl: (
    name: string,
    expected: Version | undefined,
    value: unknown,
  ) => Promise<Version | undefined>;
}

/**
 * The record of everything that is in transition: the writes that have begun, the members that have these writes, and the
 * remaining work. Composers write the journal.
 *
 * The journal decides which write of a key counts, and the members follow. A key that is not in transition has no row,
 * so a journal stays small even with many objects.
 */
export interface Journal {
  /**
   * `"embedded"`: the processes of one machine share the journal. `"shared"`: any number of machines share the journal.
   */
  readonly tier: "embedded" | "shared";
  /** True if the journal's contents survive the process. */
  readonly durable: boolean;
  /**
   * Opens the part of the journal that belongs to a composer. The composer may have different members than before, and decides
   * itself how to handle the change.
   *
   * @throws StorageError `InvalidArgument` if the journal is stored in a place where a member keeps its objects.
   */
  readonly open: (owner: JournalOwner) => JournalPart;
  /** Waits for the writes under way, and releases every handle. */
  readonly close: () => Promise<void>;
}
