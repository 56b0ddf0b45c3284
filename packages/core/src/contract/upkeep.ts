import type { CallOptions } from "./call-options.js";

/** Work that is left to do: copies that are missing, deletes that were not confirmed. */
export interface Upkeep {
  /**
   * Works on what is due. May be called at any time, in any number of processes.
   *
   * @returns In how many milliseconds to come again; absent when nothing is left to do.
   */
  readonly repair: (options: UpkeepCall) => Promise<number | undefined>;
  /** Calls `listener` whenever there will be something to do, in so many milliseconds; what it returns ends that. */
  readonly onWork: (listener: (inMs: number) => void) => () => void;
  /** Of a composer: how its members and its journal are. */
  readonly health?: (() => Promise<Health>) | undefined;
  /**
   * Compares what the members of a composer hold with what they should hold.
   *
   * @throws StorageError `Unavailable` when a member cannot be listed.
   */
  readonly verify?: ((call: VerifyCall) => Promise<Verified>) | undefined;
}

/** Something that is wrong with one copy of an object, or with the lack of it. */
export interface VerifyFinding {
  /**
   * - `"missing"`: the member should hold the object, and does not.
   * - `"extra"`: the member holds an object that it should not hold.
   * - `"different"`: the member holds another version, or other bytes.
   * - `"unverifiable"`: nobody can tell: the member does not answer, or no digest of the object is known.
   */
  readonly kind: "missing" | "extra" | "different" | "unverifiable";
  readonly key: string;
  /** The member. */
  readonly provider: string;
  /** Why, for people. */
  readonly reason: string;
}

/** The options of `Upkeep.verify`. */
export interface VerifyCall extends CallOptions {
  readonly prefix: string;
  /** Whether the bytes of each copy are read. */
  readonly deep: boolean;
  /** Whether repair is to put right what is found. */
  readonly mend: boolean;
  readonly onFinding: (finding: VerifyFinding) => void;
}

/** The numbers of objects that were looked at. */
export interface Verified {
  readonly objects: number;
  /** Keys that repair has yet to bring to their state: nothing is said of them. */
  readonly pending: number;
}

/** The options of `Upkeep.repair`. */
export interface UpkeepCall extends CallOptions {
  /** The prefix of the keys that the caller sees, where it does not see all: others are left alone. */
  readonly within?: string | undefined;
  /**
   * Runs `work` while nobody writes the key, unless it is in transition: then not at all. A composer with a journal
   * gives it to its members.
   */
  readonly whileClean?: ((key: string, work: () => Promise<void>) => Promise<void>) | undefined;
}

/** Whether one member answers. */
export interface MemberHealth {
  readonly name: string;
  readonly ok: boolean;
  /** Why not, for people. */
  readonly problem?: string | undefined;
  readonly milliseconds: number;
}

/** What a journal has to do, in numbers. */
export interface JournalHealth {
  readonly composer: string;
  /** How many keys are in transition. */
  readonly rows: number;
  /** For how long the oldest of them has been, in seconds: the number to raise an alarm by. */
  readonly oldestSeconds: number;
  /** Keys that repair could not put right in a day. */
  readonly stuck: number;
  /**
   * Whether the journal has not seen every object yet: it has just begun, over members that hold objects already, or
   * an earlier one was lost. Until repair has, reads ask every member and take the newest version.
   */
  readonly recovering: boolean;
  /** Of a split: the share that counts now, in per cent. */
  readonly percent?: number | undefined;
}

/** How a storage is, for a health check. */
export interface Health {
  /** Whether it can work at all: its journals can be written. */
  readonly live: boolean;
  /** Whether reads and writes can be expected to succeed. */
  readonly ready: boolean;
  /** Whether something is wrong that repair or an operator has to put right. */
  readonly degraded: boolean;
  /** Why, for people. */
  readonly reasons: readonly string[];
  readonly members: readonly MemberHealth[];
  readonly journals?: readonly JournalHealth[] | undefined;
}
