import type { KeyRow } from "./key-row.js";
import type { Version } from "./version.js";

/** The entry of a journal for one key. */
export interface JournalEntry {
  /** Absent when the key is not in transition. */
  readonly row?: KeyRow | undefined;
  /**
   * The revision changes with every write of the row. Without a row it changes whenever a row has come and gone, of this key or
   * of one that shares its place.
   */
  readonly revision: string;
}

/** A composer that opens its part of a journal. */
export interface JournalOwner {
  /** The composer's name, unique within one journal. */
  readonly name: string;
  readonly type: string;
  /** The names of the members, each with its place. The place is the result of `ref("x")`. */
  readonly members: readonly { readonly name: string; readonly place: string }[];
}

/** A small record that belongs to a composer as a whole, such as the percentage of a split. */
export interface ControlRecord {
  readonly value: unknown;
  readonly revision: Version;
}

/** The number of keys in transition, and their age. Kept rows do not count. */
export interface JournalCounts {
  readonly rows: number;
  /** The time at which the oldest row began, in milliseconds since 1970. */
  readonly oldestSince?: number | undefined;
  /** The number of rows that repair has tried for longer than it should take. */
  readonly stuck: number;
}

/**
 * The part of a journal that belongs to one composer: a row for each key that is in transition.
 *
 * **Behaviour**
 * - A write is durable when it resolves. It happens only when the row still has the expected revision.
 * - Versions and revisions come from one clock, which never goes back, even across processes.
 * - A read shows every write of every process that had resolved before the read began.
 */
export interface JournalPart {
  /** The name of this process, as leases give it. */
  readonly process: string;
  /**
   * Returns the time of the journal, in milliseconds since 1970. All times in rows are of this clock. The clock is the same for
   * every process, goes on through a restart, and does not follow when the system's clock is set.
   */
  readonly now: () => number;
  readonly read: (key: string) => JournalEntry | Promise<JournalEntry>;
  /**
   * Replaces the row of a key, or drops it.
   *
   * @param expected - The revision that was read.
   * @returns The new revision. `undefined` when the key has changed since it was read; nothing is written then.
   * @throws StorageError `Unavailable` when the journal cannot be written.
   */
  readonly write: (key: string, expected: string, row: KeyRow | undefined) => Promise<Version | undefined>;
  /** Returns the keys whose time has come, the longest overdue first. Keys of kept rows are among them. */
  readonly due: (before: number, limit: number) => Promise<readonly string[]>;
  /** Returns the earliest time at which a row is due, if there is one. Kept rows do not count. */
  readonly nextDue: () => Promise<number | undefined>;
  /** Returns the rows of the keys with a prefix, in UTF-8 byte order, from the first key after `after`. */
  readonly rows: (
    prefix: string,
    after: string | undefined,
    limit: number,
  ) => Promise<readonly { readonly key: string; readonly row: KeyRow }[]>;
  readonly counts: () => Promise<JournalCounts>;
  /** Tells whether a process that holds a lease may still be at work. */
  readonly isAlive: (process: string) => boolean | Promise<boolean>;
  /** Tells whether a process is known to be at work. An unknown process counts as not at work. */
  readonly isRunning: (process: string) => boolean | Promise<boolean>;
  readonly readControl: (name: string) => Promise<ControlRecord | undefined>;
  /** Writes a control record as `JournalPart.write` writes a row. */
  readonly writeControl: (
    name: string,
    expected: Version | undefined,
    value: unknown,
  ) => Promise<Version | undefined>;
}

/**
 * The record of what is in transition: which write has begun, which members have it, and what is left to do. Composers write it.
 *
 * The journal decides, and members follow. A key that is not in transition has no row, so a journal stays small whatever the
 * number of objects.
 */
export interface Journal {
  /** `"embedded"`: the processes of one machine share the journal. `"shared"`: any number of machines share it. */
  readonly tier: "embedded" | "shared";
  /** True when the journal's contents survive the process. */
  readonly durable: boolean;
  /**
   * Returns the part of a composer. The composer may come with other members than before; it decides itself what becomes of them.
   *
   * @throws StorageError `InvalidArgument` for a journal that lies where a member keeps its objects.
   */
  readonly open: (owner: JournalOwner) => JournalPart;
  /** Waits for the writes under way, and lets go of every handle. */
  readonly close: () => Promise<void>;
}
