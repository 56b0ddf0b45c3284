import type { JournalPart } from "../../contract/journal.js";
import type { KeyLock } from "../../kit/key-lock.js";
import type { CallOptions, StorageProvider } from "../../contract/provider.js";
import type { Group } from "../group.js";
import type { Hedge } from "./hedge.js";
import type { KeyRow } from "./row/row.js";

/** Which members a key goes to, and which of them it stays on: all that differs between the composers. */
export interface Placement {
  /** A body goes to one member after the other until one has taken it, or to all at once. */
  readonly writing: "in turn" | "at once";
  /** How many members must hold a write before it is acknowledged. */
  readonly need: number;
  readonly writeOrder: (key: string) => readonly StorageProvider[];
  readonly readOrder: (key: string) => readonly StorageProvider[];
  /** The names of the members that hold the object when all is done and nothing expires; the others hold nothing. */
  readonly targets: (key: string, row: KeyRow) => readonly string[];
  /** Whether every member holds every object that is not in transition, unless a rule has removed it there. */
  readonly alike: boolean;
  /** Whether a member is where a key belongs, so that nobody need look further when it is found there. */
  readonly isHome: (key: string, member: StorageProvider) => boolean;
  /** Of a split: the share that counts now, in per cent. */
  readonly percent?: (() => number) | undefined;
  /** Names the placement: when it changes, what is stored may belong elsewhere. */
  readonly epoch: () => string;
}

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
  /** Looks at what other processes may have changed about the placement. */
  readonly refresh: (options: CallOptions) => Promise<void>;
}

/** Whether what one member says of a key that is not in transition is true of all. */
export function isOneEnough({ placement, state }: ReplicaSet): boolean {
  return placement.alike && !state.mayLack;
}
