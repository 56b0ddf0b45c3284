import type { CallOptions } from "./call-options.js";

/** Work that is left to do: to make missing copies, and to delete objects whose delete was not confirmed. */
export interface Upkeep {
  /**
   * Does the work that is due. It may be called at any time, in any number of processes.
   *
   * @returns The milliseconds until the next work is due; absent when nothing is left to do.
   */
  readonly repair: (options: UpkeepCall) => Promise<number | undefined>;
  /**
   * Calls `listener` with the milliseconds until the next work is due, whenever there will be some. Returns a function that ends
   * this.
   */
  readonly onWork: (listener: (inMs: number) => void) => () => void;
  /** Tells how the members and the journal of a composer are. */
  readonly health?: (() => Promise<Health>) | undefined;
  /**
   * Compares what the members of a composer hold with what they should hold.
   *
   * @throws StorageError `Unavailable` when a member cannot be listed.
   */
  readonly verify?: ((call: VerifyCall) => Promise<Verified>) | undefined;
}

/** A finding of `verify` about one member: something is wrong with its copy of an object, or it lacks that copy. */
export interface VerifyFinding {
  /**
   * - `"missing"`: the member should hold the object, and does not.
   * - `"extra"`: the member holds an object that it should not hold.
   * - `"different"`: the member holds another version, or other bytes.
   * - `"unverifiable"`: the copy could not be checked. The member does not answer, or the digest of the object is not known.
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
  /** True when the bytes of each copy are read. */
  readonly deep: boolean;
  /** True when repair is to put right what is found. */
  readonly mend: boolean;
  readonly onFinding: (finding: VerifyFinding) => void;
}

/** The numbers of objects that were looked at. */
export interface Verified {
  readonly objects: number;
  /** The number of keys in transition: repair has yet to finish them, and `verify` finds nothing about them. */
  readonly pending: number;
}

/** The options of `Upkeep.repair`. */
export interface UpkeepCall extends CallOptions {
  /** The prefix of the keys that the caller sees, when the caller sees only a part. Repair leaves all other keys alone. */
  readonly within?: string | undefined;
  /**
   * Runs `work` while no other call writes the key. When the key is in transition, `work` is not run. A composer with a journal
   * gives this function to its members.
   */
  readonly whileClean?: ((key: string, work: () => Promise<void>) => Promise<void>) | undefined;
}

/** The answer of one member to a health check. */
export interface MemberHealth {
  readonly name: string;
  readonly ok: boolean;
  /** The reason why the member is not well, for people. */
  readonly problem?: string | undefined;
  readonly milliseconds: number;
}

/** The work that a journal has to do, in numbers. */
export interface JournalHealth {
  readonly composer: string;
  /** The number of keys in transition. */
  readonly rows: number;
  /** The time for which the oldest of these keys has been in transition, in seconds. Alarms are best raised by this number. */
  readonly oldestSeconds: number;
  /** The number of keys that repair could not put right in a day. */
  readonly stuck: number;
  /**
   * True until the journal has seen every object. That is so for a journal that is new over members that hold objects already, or
   * that replaces one that was lost. Until then, reads ask every member and take the newest version.
   */
  readonly recovering: boolean;
  /** The share of a split that counts now, in per cent. */
  readonly percent?: number | undefined;
}

/** The state of a storage, for a health check. */
export interface Health {
  /** True when the storage can work at all: its journals can be written. */
  readonly live: boolean;
  /** True when reads and writes can be expected to succeed. */
  readonly ready: boolean;
  /** True when something is wrong that repair or an operator has to put right. */
  readonly degraded: boolean;
  /** The reasons, for people. */
  readonly reasons: readonly string[];
  readonly members: readonly MemberHealth[];
  readonly journals?: readonly JournalHealth[] | undefined;
}
