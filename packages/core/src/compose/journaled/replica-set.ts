import type { JournalPart } from "../../contract/journal.js";
import type { KeyLock } from "../../kit/key-lock.js";
import type { Group } from "../group.js";
import type { Hedge } from "./hedge.js";
import type { CallOptions } from "../../contract/call-options.js";
import type { Intent } from "../../contract/key-row.js";
import type { Placement } from "./row/placement.js";

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
  readonly placement: Placement;
  readonly journal: JournalPart;
  readonly lock: KeyLock;
  /** How long a call waits for another one that writes the same key. */
  readonly waitMs: number;
  /** How long a process may be silent before another one takes over what it holds. */
  readonly leaseMs: number;
  /** How long a request whose outcome is unknown may still take effect. */
  readonly settleMs: number;
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
  /** Has repair look at a settled key that one member was found to lack. */
  readonly lookAgain: (key: string, onEvent: CallOptions["onEvent"]) => void;
  /** Looks at what other processes may have changed about the placement. */
  readonly refresh: (options: CallOptions) => Promise<void>;
}

/** Whether what one member says of a key that is not in transition is true of all. */
export function isOneEnough({ placement, state }: ReplicaSet): boolean {
  return placement.alike && !state.mayLack;
}
