import type { CallOptions } from "./call-options.js";

/**
 * The functions for repair. Repair finishes the work that calls have left undone, such as missing copies and
 * unconfirmed deletes.
 */
export interface Upkeep {
  /**
   * Does the work that is due. The function may be called at any time, in any number of processes.
   *
   * @returns The number of milliseconds until the next work is due; `undefined` if nothing is left to do.
   */
  readonly repair: (options: UpkeepCall) => Promise<number | undefined>;
  /**
   * Calls `listener` whenever there is new work, with the number of milliseconds until the work is due. Returns a function that
   * removes the listener.
   */
  readonly onWork: (listener: (inMs: number) => void) => () => void;
  /** Returns the health of a composer's members and journal. */
  readonly health?: (() => Promise<Health>) | undefined;
  /**
   * Compares the objects that a composer's members hold with the objects that they should hold.
   *
   * @throws StorageError `Unavailable` if a member cannot be listed.
   */
  readonly verify?: ((call: VerifyCall) => Promise<Verified>) | undefined;
}

/** A finding of `verify` about one member: the member's copy of an object is wrong or missing. */
export interface VerifyFinding {
  /**
   * - `"missing"`: the member should hold the object, and does not hold it.
   * - `"extra"`: the member holds an object that it should not hold.
   * - `"different"`: the member holds a different version or different bytes.
   * - `"unverifiable"`: the copy could not be checked. Either the member does not answer, or the digest of the object is not
   *   known.
   */
  readonly kind: "missing" | "extra" | "different" | "unverifiable";
  readonly key: string;
  /** The name of the member. */
  readonly provider: string;
  /** The reason, for people. */
  readonly reason: string;
}

/** The options of `Upkeep.verify`. */
export interface VerifyCall extends CallOptions {
  readonly prefix: string;
  /** True if the bytes of each copy must be read. */
  readonly deep: boolean;
  /** True if repair must fix the findings. */
  readonly mend: boolean;
  readonly onFinding: (finding: VerifyFinding) => void;
}

/** The number of objects that were checked, and the number of keys that were left unchecked. */
export interface Verified {
  readonly objects: number;
  /** The number of keys in transition. Repair has not finished these keys yet, so `verify` does not check them. */
  readonly pending: number;
}

/** The options of `Upkeep.repair`. */
export interface UpkeepCall extends CallOptions {
  /** The prefix of the keys that the caller can see, if the caller sees only some keys. Repair leaves all other keys alone. */
  readonly within?: string | undefined;
  /**
   * Runs `work` while no other call writes the key. If the key is in transition, `work` does not run. A composer with a journal
   * passes this function to its members.
   */
  readonly whileClean?: ((key: string, work: () => Promise<void>) => Promise<void>) | undefined;
}

/** The answer of one member to a health check. */
export interface MemberHealth {
  readonly name: string;
  readonly ok: boolean;
  /** The reason why the member is not healthy, for people. */
  readonly problem?: string | undefined;
  readonly milliseconds: number;
}

/** The amount of work that a journal has to do. */
export interface JournalHealth {
  readonly composer: string;
  /** The number of keys in transition. */
  readonly rows: number;
  /** The time for which the oldest of these keys has been in transition, in seconds. This number is the best basis for alarms. */
  readonly oldestSeconds: number;
  /** The number of keys that repair could not fix within a day. */
  readonly stuck: number;
  /**
   * True while a new journal has not yet seen every object that its members already hold, for example after the old
   * journal was lost. During this time, reads ask every member and use the newest version.
   */
  readonly recovering: boolean;
  /** The current percentage of a split. */
  readonly percent?: number | undefined;
}

/** The state of a storage, for a health check. */
export interface Health {
  /** True if the storage can work at all: its journals can be written. */
  readonly live: boolean;
  /** True if reads and writes can be expected to succeed. */
  readonly ready: boolean;
  /** True if there is a problem that repair or an operator must fix. */
  readonly degraded: boolean;
  /** The reasons, for people. */
  readonly reasons: readonly string[];
  readonly members: readonly MemberHealth[];
  readonly journals?: readonly JournalHealth[] | undefined;
}
