import type { Caller } from "../../contract/caller.js";
import type { JournalPart } from "../../contract/journal.js";
import type { KeyLock } from "../../kit/key-lock.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import type { Group } from "../group.js";
import type { Hedge } from "./hedge.js";
import type { CallOptions } from "../../contract/call-options.js";
import type { Intent } from "../../contract/key-row.js";
import type { Placement } from "./row/placement.js";
import type { Marks } from "./marks.js";
import { notConfigured, type Roster } from "./roster.js";
import type { Operation } from "../../contract/errors.js";

/** The part of a replica set that changes while the process runs. */
export interface SetState {
  /** True if a member may lack objects that other members have, because the member's rules let objects expire. */
  mayLack: boolean;
  /** True if a missing row proves that a key is settled. */
  isTrusted: boolean;
  checking: Promise<void> | undefined;
  /** The time after which the members are asked again whether they are empty. */
  emptyAfter: number;
  /** True if the next round of repair also tries the keys whose next try is due later. */
  isEager: boolean;
  /** The number of failures in a row of the comparison of all members. */
  walkFailures: number;
  /** The time, by the journal's clock, before which repair does not compare all members again. */
  walkAfter: number;
}

/** A key that this process has lost, possibly while it was sending. */
export interface LostKey {
  readonly key: string;
  /** The members that the process sent requests to. */
  readonly sending: readonly string[];
  /** The intent of the put that was being sent; absent for other calls. */
  readonly open: Intent | undefined;
}

/** The settings and members of one composer with a journal. */
export interface ReplicaSet extends Group {
  readonly type: string;
  /** The members that the journal knows. */
  readonly roster: Roster;
  /** The names of members that are read and emptied, and not written. */
  readonly retiring: readonly string[];
  /**
   * The marks, by which the composer notices that a member or the journal was restored from a backup. The marks are
   * absent if the journal is lost when the process ends.
   */
  readonly marks: Marks | undefined;
  readonly placement: Placement;
  readonly journal: JournalPart;
  readonly lock: KeyLock;
  /** The longest time that a call waits while another call writes the same key, in milliseconds. */
  readonly waitMs: number;
  /** The time that a process may be silent before another process takes over its keys, in milliseconds. */
  readonly leaseMs: number;
  /** The time during which a request with an unknown outcome may still take effect, in milliseconds. */
  readonly settleMs: number;
  /** The time for which the journal remembers a delete that every member has confirmed, in milliseconds. */
  readonly keepDeletesMs: number;
  /** The time for which an unneeded copy stays on its member, in milliseconds. */
  readonly graceMs: number;
  /** The writes that are under way. `answered` holds the writes that have already returned to their callers. */
  readonly writes: Set<Promise<unknown>>;
  readonly answered: Set<Promise<unknown>>;
  /**
   * The listeners for keys that need repair. A listener is called with the number of milliseconds after which the
   * repair is due.
   */
  readonly workListeners: Set<(inMs: number) => void>;
  readonly state: SetState;
  /** The hedge, which also sends slow reads to a second member; absent if reads are not hedged. */
  readonly hedge: Hedge | undefined;
  /** Asks repair to check a key again after this process has lost the key while sending. */
  readonly reopen: (lost: LostKey, onEvent: CallOptions["onEvent"]) => void;
  /** True if the bytes of each read of a whole object are compared with their digest. */
  readonly verifyReads: boolean;
  /** Asks repair to replace a copy whose bytes differ from the bytes that were put. */
  readonly quarantine: (
    key: string,
    member: ComposedProvider,
    etag: string | undefined,
    onEvent: CallOptions["onEvent"],
  ) => void;
  /** Asks repair to check a settled key after a member was found to lack the object of the key. */
  readonly lookAgain: (key: string, onEvent: CallOptions["onEvent"]) => void;
  /**
   * Compares the marks of all members that answer, before the process uses its first row. The marks show whether the journal was restored
   * from a backup.
   *
   * @returns `undefined` if the comparison has already been done.
   */
  readonly compareMarks: () => Promise<void> | undefined;
  /**
   * Checks once that this process uses the same time limits as the other processes. All processes must share these
   * limits.
   *
   * @returns `undefined` if the check has already succeeded.
   * @throws StorageError `Misconfigured` while another process has other times.
   */
  readonly agree: () => Promise<void> | undefined;
  /** Reads the records that other processes may have changed: the roster and the placement. */
  readonly refresh: (options: Caller) => Promise<void>;
}

/**
 * Tells whether the answers of a member are ignored. This is the case if the member was restored from a backup and
 * other members have copies of its objects. A member that is the only home of its objects is still read.
 */
export function isStale({ marks, placement }: ReplicaSet, { name }: ComposedProvider): boolean {
  return placement.hasCopies && marks?.restored(name) !== undefined;
}

/** Returns the members whose answers count. If no member's answer counts, returns all members. */
export function believed(set: ReplicaSet, members: readonly ComposedProvider[]): readonly ComposedProvider[] {
  const some = members.filter((member) => !isStale(set, member));
  return some.length === 0 || some.length === members.length ? members : some;
}

/**
 * Tells whether a member's answer must be ignored, because the member was restored from a backup. Sometimes the process
 * learns of the restore only while the member answers.
 */
export function isDisbelieved(set: ReplicaSet, member: ComposedProvider): boolean {
  return isStale(set, member) && !believed(set, set.members).includes(member);
}

/** Tells whether one member can answer for all: every member holds every settled object. */
export function isOneEnough({ placement, state, roster }: ReplicaSet): boolean {
  // If a chain has one member left, objects may still be on members that the configuration no longer names.
  return placement.alike && !state.mayLack && (placement.hasCopies || roster.away().length === 0);
}

/** @throws StorageError `Unavailable` while a member that shares the keys with others is not configured. */
export function assertNoneAway({ placement, roster }: ReplicaSet, operation: Operation): void {
  const away = placement.hasCopies ? undefined : roster.away()[0];
  if (away !== undefined) throw notConfigured(away, operation, undefined);
}
