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

/** What is known by now. */
export interface SetState {
  /** Whether a member may lack objects that others have, because its rules let them expire. */
  mayLack: boolean;
  /** Whether a key that has no row is as it should be. */
  isTrusted: boolean;
  checking: Promise<void> | undefined;
  /** Before this time nobody asks again whether the members are empty. */
  emptyAfter: number;
  /** Whether keys that wait for another try are tried at once. */
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
  /** Which members the journal knows. */
  readonly roster: Roster;
  /** The names of members that are read and emptied, and not written. */
  readonly retiring: readonly string[];
  /** Of a journal that survives the process: the marks by which it notices that time has gone back. */
  readonly marks: Marks | undefined;
  readonly placement: Placement;
  readonly journal: JournalPart;
  readonly lock: KeyLock;
  /** How long a call waits for another one that writes the same key. */
  readonly waitMs: number;
  /** How long a process may be silent before another one takes over what it holds. */
  readonly leaseMs: number;
  /** How long a request whose outcome is unknown may still take effect. */
  readonly settleMs: number;
  /** How long a delete is remembered that every member has confirmed. */
  readonly keepDeletesMs: number;
  /** How long copies that are not needed any more stay. */
  readonly graceMs: number;
  /** Writes that are under way, and those among them that have been answered already. */
  readonly writes: Set<Promise<unknown>>;
  readonly answered: Set<Promise<unknown>>;
  /** Told in how many milliseconds a key will need repair. */
  readonly workListeners: Set<(inMs: number) => void>;
  readonly state: SetState;
  /** Where reads that take long are asked of a second member. */
  readonly hedge: Hedge | undefined;
  /** Has a key looked at again that this process has lost while it was sending. */
  readonly reopen: (lost: LostKey, onEvent: CallOptions["onEvent"]) => void;
  /** Whether plain reads are compared with their digest. */
  readonly verifyReads: boolean;
  /** Has repair replace a copy of a member that has other bytes than were put. */
  readonly quarantine: (
    key: string,
    member: ComposedProvider,
    etag: string | undefined,
    onEvent: CallOptions["onEvent"],
  ) => void;
  /** Has repair look at a settled key that one member was found to lack. */
  readonly lookAgain: (key: string, onEvent: CallOptions["onEvent"]) => void;
  /**
   * Has the marks of all members that answer compared, once: before a row is believed it is seen whether the journal was restored
   * from a backup.
   *
   * @returns `undefined` when that is done.
   */
  readonly compareMarks: () => Promise<void> | undefined;
  /**
   * Has this process agree with the others on the times that all must share, once.
   *
   * @returns `undefined` when that is done.
   * @throws StorageError `Misconfigured` while another process has others.
   */
  readonly agree: () => Promise<void> | undefined;
  /** Looks at what other processes may have changed about the placement. */
  readonly refresh: (options: Caller) => Promise<void>;
}

/**
 * Tells whether a member is not to be believed: it was restored from a backup, and others have copies of what it held. The only home
 * of an object is read all the same.
 */
export function isStale({ marks, placement }: ReplicaSet, { name }: ComposedProvider): boolean {
  return placement.hasCopies && marks?.restored(name) !== undefined;
}

/** Returns the members that are believed; all of them when none is. */
export function believed(set: ReplicaSet, members: readonly ComposedProvider[]): readonly ComposedProvider[] {
  const some = members.filter((member) => !isStale(set, member));
  return some.length === 0 || some.length === members.length ? members : some;
}

/** Tells whether what a member has just answered does not count: it was found out meanwhile that it was restored from a backup. */
export function isDisbelieved(set: ReplicaSet, member: ComposedProvider): boolean {
  return isStale(set, member) && !believed(set, set.members).includes(member);
}

/** Whether what one member says of a key that is not in transition is true of all. */
export function isOneEnough({ placement, state, roster }: ReplicaSet): boolean {
  // The one member of a chain cannot speak for those that the configuration does not name any more.
  return placement.alike && !state.mayLack && (placement.hasCopies || roster.away().length === 0);
}

/** @throws StorageError `Unavailable` while a member that shares the keys with others is not configured. */
export function assertNoneAway({ placement, roster }: ReplicaSet, operation: Operation): void {
  const away = placement.hasCopies ? undefined : roster.away()[0];
  if (away !== undefined) throw notConfigured(away, operation, undefined);
}
