import type { KeyRow } from "./key-row.js";
import type { Version } from "./version.js";

/** What a journal has of one key. */
export interface JournalEntry {
  /** Absent when the key is not in transition. */
  readonly row?: KeyRow | undefined;
  /**
   * Changes with every write of the row. Where there is none it changes whenever one has come and gone, of this key or of
   * another one that shares its place.
   */
  readonly revision: string;
}

/** A composer that comes to its journal. */
export interface JournalOwner {
  /** The composer's name, unique within one journal. */
  readonly name: string;
  readonly type: string;
  /** The names of the members with the place of each: what `ref("x")` gives. */
  readonly members: readonly { readonly name: string; readonly place: string }[];
}

/** A small record that belongs to a composer as a whole, such as the percentage of a split. */
export interface ControlRecord {
  readonly value: unknown;
  readonly revision: Version;
}

/** The number of keys in transition, and their age. Rows that are only kept do not count. */
export interface JournalCounts {
  readonly rows: number;
  /** When the oldest row began, in milliseconds since 1970. */
  readonly oldestSince?: number | undefined;
  /** Rows that repair has tried for longer than it should take. */
  readonly stuck: number;
}

/**
 * The part of a journal that belongs to one composer: a row for each key that is in transition.
 *
 * **Behaviour**
 * - A write is durable when it resolves, and happens only when the row is still of the revision that was expected.
 * - Versions and revisions come from one clock, which never goes back, also across processes.
 * - A read shows every write that had resolved before it began, of whichever process.
 */
export interface JournalPart {
  /** Names this process, as leases do. */
  readonly process: string;
  /**
   * The time of the journal, in milliseconds since 1970. All times in rows are of this clock, which is the same for
   * every process, goes on through a restart, and does not follow when the system's clock is set.
   */
  readonly now: () => number;
  readonly read: (key: string) => JournalEntry | Promise<JournalEntry>;
  /**
   * Replaces the row of a key, or drops it.
   *
   * @param expected - The revision that was read.
   * @returns The new revision, or `undefined` when the key has changed since: nothing is written then.
   * @throws StorageError `Unavailable` when the journal cannot be written.
   */
  readonly write: (key: string, expected: string, row: KeyRow | undefined) => Promise<Version | undefined>;
  /** Keys whose time has come, the longest overdue first; rows that are only kept too. */
  readonly due: (before: number, limit: number) => Promise<readonly string[]>;
  /** The earliest time at which a row is due, if there is one. Rows that are only kept do not count. */
  readonly nextDue: () => Promise<number | undefined>;
  /** Rows of keys with a prefix, in UTF-8 byte order, after a key. */
  readonly rows: (
    prefix: string,
    after: string | undefined,
    limit: number,
  ) => Promise<readonly { readonly key: string; readonly row: KeyRow }[]>;
  readonly counts: () => Promise<JournalCounts>;
  /** Whether a process that holds a lease may still be at work. */
  readonly isAlive: (process: string) => boolean | Promise<boolean>;
  /** Whether a process is known to be at work. One of which nothing is known any more is not. */
  readonly isRunning: (process: string) => boolean | Promise<boolean>;
  readonly readControl: (name: string) => Promise<ControlRecord | undefined>;
  /** As `JournalPart.write`, for a control record. */
  readonly writeControl: (
    name: string,
    expected: Version | undefined,
    value: unknown,
  ) => Promise<Version | undefined>;
}

/**
 * Where composers write down what is in transition: which write has begun, where it landed, what is left to do.
 *
 * The journal is the authority, providers are replicas. A key that is not in transition has no row, so a journal
 * stays small whatever the number of objects.
 */
export interface Journal {
  /** `"embedded"`: the processes of one machine share it; `"shared"`: any number of machines. */
  readonly tier: "embedded" | "shared";
  /** Whether what was written survives the process. */
  readonly durable: boolean;
  /**
   * The part of a composer. It may come with other members than before: what becomes of them is for the composer.
   *
   * @throws StorageError `InvalidArgument` for a journal that lies where a member keeps its objects.
   */
  readonly open: (owner: JournalOwner) => JournalPart;
  /** Waits for what is being written, and lets go of every handle. */
  readonly close: () => Promise<void>;
}
