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
  /** True when a member may lack objects that others have, because its rules let objects expire. */
  mayLack: boolean;
  /** True when the absence of a row proves that a key is settled. */
  isTrusted: boolean;
  checking: Promise<void> | undefined;
  /** The time before which the members are not asked again whether they are empty. */
  emptyAfter: number;
  /** True when keys that wait for another try are tried at once. */
  isEager: boolean;
}

/** A key that this process has lost while it may have been sending. */
export interface LostKey {
  readonly key: string;
  /** The members that requests went to. */
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
   * The marks by which the journal notices that a member, or the journal itself, was restored. They are absent when the journal ends with
   * the process.
   */
  readonly marks: Marks | undefined;
  readonly placement: Placement;
  readonly journal: JournalPart;
  readonly lock: KeyLock;
  /** The longest time that a call waits for another call that writes the same key, in milliseconds. */
  readonly waitMs: number;
  /** The time that a process may be silent before another process takes over its keys, in milliseconds. */
  readonly leaseMs: number;
  /** The time in which a request whose outcome is unknown may still take effect, in milliseconds. */
  readonly settleMs: number;
  /** The time for which a delete that every member has confirmed is remembered, in milliseconds. */
  readonly keepDeletesMs: number;
  /** The time that a copy stays after it is no longer needed, in milliseconds. */
  readonly graceMs: number;
  /** The writes that are under way; `answered` has those whose callers already have their answer. */
  readonly writes: Set<Promise<unknown>>;
  readonly answered: Set<Promise<unknown>>;
  /** The listeners that are told in how many milliseconds a key will need repair. */
  readonly workListeners: Set<(inMs: number) => void>;
  readonly state: SetState;
  /** The hedge, which sends slow reads to a second member too; absent when reads are not hedged. */
  readonly hedge: Hedge | undefined;
  /** Has a key looked at again that this process has lost while it was sending. */
  readonly reopen: (lost: LostKey, onEvent: CallOptions["onEvent"]) => void;
  /** True when plain reads are compared with their digest. */
  readonly verifyReads: boolean;
  /** Has repair replace a copy on a member whose bytes are not those that were put. */
  readonly quarantine: (
    key: string,
    member: ComposedProvider,
    etag: string | undefined,
    onEvent: CallOptions["onEvent"],
  ) => void;
  /** Has repair look at a settled key that one member was found to lack. */
  readonly lookAgain: (key: string, onEvent: CallOptions["onEvent"]) => void;
  /**
   * Compares the marks of all members that answer, once, before a row is believed. The marks show whether the journal was restored from a
   * backup.
   *
   * @returns `undefined` when the comparison is done.
   */
  readonly compareMarks: () => Promise<void> | undefined;
  /**
   * Has this process agree once with the other processes on the times that all must share.
   *
   * @returns `undefined` when the agreement is made.
   * @throws StorageError `Misconfigured` while another process has other times.
   */
  readonly agree: () => Promise<void> | undefined;
  /** Reads what other processes may have changed: the roster and the placement. */
  readonly refresh: (options: Caller) => Promise<void>;
}

/**
 * Tells whether a member is not believed, because it was restored from a backup and other members have copies of what it held. A member
 * that is the only home of its objects is read all the same.
 */
export function isStale({ marks, placement }: ReplicaSet, { name }: ComposedProvider): boolean {
  return placement.hasCopies && marks?.restored(name) !== undefined;
}

/** Returns the members that are believed; all members when there is no such member. */
export function believed(set: ReplicaSet, members: readonly ComposedProvider[]): readonly ComposedProvider[] {
  const some = members.filter((member) => !isStale(set, member));
  return some.length === 0 || some.length === members.length ? members : some;
}

/** Tells whether the answer of a member must be ignored, because it was found out meanwhile that the member was restored from a backup. */
export function isDisbelieved(set: ReplicaSet, member: ComposedProvider): boolean {
  return isStale(set, member) && !believed(set, set.members).includes(member);
}

/** Tells whether one member can answer for all: every member holds every settled object. */
export function isOneEnough({ placement, state, roster }: ReplicaSet): boolean {
  // The only member of a chain cannot answer for members that the configuration no longer names.
  return placement.alike && !state.mayLack && (placement.hasCopies || roster.away().length === 0);
}

/** @throws StorageError `Unavailable` while a member that shares the keys with others is not configured. */
export function assertNoneAway({ placement, roster }: ReplicaSet, operation: Operation): void {
  const away = placement.hasCopies ? undefined : roster.away()[0];
  if (away !== undefined) throw notConfigured(away, operation, undefined);
}
