import { NOBODY } from "../../contract/caller.js";
import { TIMER_MS_MAX } from "../../kit/abort.js";
import { StorageError, isStorageError } from "../../contract/errors.js";
import type { Journal, JournalPart } from "../../contract/journal.js";
import { MARKER_KEY } from "../../contract/key.js";
import { createKeyLock, type KeyLock } from "../../kit/key-lock.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import type { ReplayableOptions } from "../../body/replayable.js";
import type { Group } from "../group.js";
import { createHedge, type HedgeOptions } from "./hedge.js";
import { adoptKeyOf } from "./upkeep/adopt.js";
import { reopen } from "./hold/reopen.js";
import { createMarks, type Marks } from "./marks.js";
import { createRoster } from "./roster.js";
import { agreeOnTimes } from "./shared-times.js";
import { probe } from "../../kit/health.js";
import { distrust } from "./read/inventory.js";
import { quarantine } from "./upkeep/quarantine.js";
import { doubtJournal } from "./upkeep/doubt.js";
import { whereKnown, withMarker } from "./upkeep/marker.js";
import type { ReplicaSet, SetState } from "./replica-set.js";
import type { Placement } from "./row/placement.js";
import { anArray, oneOf, wholeNumber, type OptionNames } from "../../kit/options.js";

/** The options of a composer for its journal. */
export interface JournalOptions {
  /**
   * The journal in which the composer writes down the keys that are in transition.
   *
   * @default none: the composer keeps no state, and is for keys that are written only once
   */
  readonly journal?: Journal | undefined;
  /**
   * The time during which a request with an unknown outcome may still take effect, in milliseconds. During this time
   * the composer does not use the request's member for the request's key.
   *
   * @default 60,000
   */
  readonly settleMs?: number | undefined;
  /**
   * The longest time that a call waits while another call writes the same key, in milliseconds.
   *
   * @default 30,000
   */
  readonly waitMs?: number | undefined;
  /**
   * The time that a process may be silent before another process takes over its keys, in milliseconds.
   *
   * @default 30,000
   */
  readonly leaseMs?: number | undefined;
  /**
   * The time for which an unneeded copy stays on its member, in milliseconds. One page of a listing must take less time
   * than this.
   *
   * @default 60,000
   */
  readonly graceMs?: number | undefined;
  /**
   * The time in milliseconds for which the journal remembers idempotent writes and confirmed deletes. A delete is confirmed when every
   * member has confirmed it. If an older version appears on a member during this time, for example after a restore, the composer removes
   * that version and never serves it. A value below the sum of `leaseMs`, `settleMs` and `graceMs` is raised to that sum.
   *
   * @default 3,600,000
   */
  readonly keepDeletesMs?: number | undefined;
  /**
   * With a journal: `true` checks the bytes of each read of a whole object against the SHA-256 of the put, if the
   * SHA-256 is known. A read of a copy with different bytes fails with `Integrity`. For objects of up to 1 MiB, the
   * composer reads another member instead. Repair replaces the wrong copy. Hashing makes reads slower.
   *
   * @default false
   */
  readonly verifyReads?: boolean | undefined;
  /**
   * With a journal: the names of members that you want to empty and then remove from the configuration. These members are read but not
   * written, and repair moves their objects to the other members. `health()` says when such a member is empty and can be removed.
   *
   * @default none
   */
  readonly retiring?: readonly string[] | undefined;
}

/** The names of the options that every composer takes for its journal. */
export const JOURNAL_OPTIONS: OptionNames<JournalOptions> = {
  journal: true,
  settleMs: true,
  waitMs: true,
  leaseMs: true,
  graceMs: true,
  keepDeletesMs: true,
  verifyReads: true,
  retiring: true,
};

const SETTLE_MS = 60_000;
const WAIT_MS = 30_000;
const LEASE_MS = 30_000;
const GRACE_MS = 60_000;
const KEEP_DELETES_MS = 3_600_000;

export interface SetParts extends Omit<Group, "spool"> {
  /** Makes the placement for the members of the set. The members are wrapped with checks if the journal is durable. */
  readonly placement: (members: Group["members"], retiring: readonly string[]) => Placement;
  readonly refresh?: ReplicaSet["refresh"] | undefined;
  readonly hedge?: HedgeOptions | undefined;
  readonly type: string;
  readonly journal: Journal;
  readonly spool?: ReplayableOptions | undefined;
  readonly options: JournalOptions;
}

/**
 * Makes the replica set of a composer.
 *
 * @throws TypeError for options that are not numbers in their range.
 * @throws StorageError `InvalidArgument` for members that cannot store a version with each object.
 */
export function createReplicaSet(parts: SetParts): ReplicaSet {
  const { name, type, members: given, backListeners, placement, options } = parts;
  assertMembers(given);
  const retiring = assertRetiring(type, given, options.retiring ?? []);
  const places = given.map((member) => ({ name: member.name, place: member.ref("x") }));
  const owner = { name, type, members: places };
  const journal = parts.journal.open(owner);
  const roster = createRoster(journal, owner, retiring);
  // A single member cannot disagree with other members, so the journal is trusted immediately.
  const state: SetState = {
    isTrusted: given.length === 1,
    mayLack: given.some(({ expiresAfterMs }) => expiresAfterMs !== undefined),
    checking: undefined,
    emptyAfter: 0,
    isEager: true,
    walkFailures: 0,
    walkAfter: 0,
  };
  const onReplaced = (): void => void (state.isTrusted = given.length === 1);
  const marks = parts.journal.durable ? marksOf(name, journal, () => set) : undefined;
  const watched = (member: ComposedProvider): ComposedProvider => {
    // A journal in memory starts empty, so it remembers no earlier state of a member.
    if (marks === undefined) return member;
    const marked = takesMarker(member) ? withMarker(name, journal, member, marks, onReplaced) : member;
    return whereKnown(roster, marked);
  };
  const [first, ...rest] = given;
  const members: Group["members"] = [watched(first), ...rest.map(watched)];
  const set: ReplicaSet = {
    ...groupOf(parts),
    roster,
    retiring,
    marks,
    members,
    placement: placement(members, retiring),
    journal,
    lock: lockOf(parts.journal, name),
    ...timesOf(type, options),
    writes: new Set(),
    answered: new Set(),
    workListeners: new Set(),
    state,
    hedge: parts.hedge === undefined ? undefined : createHedge(parts.hedge),
    reopen: (lost, onEvent) => void inBackground(set, reopen(set, lost, onEvent)),
    verifyReads: oneOf(type, "verifyReads", options.verifyReads ?? false, [true, false]),
    quarantine: (key, member, etag, onEvent) =>
      void inBackground(set, quarantine(set, key, member, etag, { ...NOBODY, onEvent })),
    lookAgain: (key, onEvent) =>
      void inBackground(set, adoptKeyOf(set, key, { ...NOBODY, onEvent, waitMs: 0 })),
    agree: parts.journal.durable ? once(() => agreeOnTimes(name, journal, set)) : () => undefined,
    compareMarks: marks === undefined ? () => undefined : once(() => probeAll(set)),
    refresh: async (call) => {
      await roster.refresh();
      await parts.refresh?.(call);
    },
  };
  // When a member that was left out works again, the work that waits for the member is tried immediately.
  backListeners.add(() => {
    state.isEager = true;
    for (const tell of set.workListeners) tell(0);
  });
  return set;
}

function groupOf(parts: SetParts): Omit<Group, "members"> & Pick<ReplicaSet, "type"> {
  const { name, type, fallbackOn, askMs, memory, backListeners, spool = {} } = parts;
  return { name, type, fallbackOn, askMs, memory, backListeners, spool };
}

/** @throws StorageError `InvalidArgument` for members that cannot store a version with each object. */
function assertMembers(given: Group["members"]): void {
  const careless = given.find(({ supports }) => !supports.metadata);
  if (careless !== undefined) {
    const reason = `${JSON.stringify(careless.name)} keeps no metadata, so the journal cannot tell versions apart`;
    throw new StorageError("InvalidArgument", reason, { operation: "open", provider: careless.name });
  }
  const rigid = given.find(({ supports }) => !supports.overwrite);
  if (rigid !== undefined) {
    const reason = `${JSON.stringify(rigid.name)} refuses overwrites, so it cannot take new versions; if it is a composer, give it a journal of its own`;
    throw new StorageError("InvalidArgument", reason, { operation: "open", provider: rigid.name });
  }
}

/**
 * Runs work in the background. Only `close` of the composer waits for this work. A failure is not reported here: the next read or another
 * process notices the failure.
 */
function inBackground(set: ReplicaSet, work: Promise<void>): Promise<void> {
  const done = work
    .catch((error: unknown) => {
      if (!isStorageError(error)) throw error;
    })
    .finally(() => set.writes.delete(done));
  set.writes.add(done);
  return done;
}

function marksOf(name: string, journal: JournalPart, set: () => ReplicaSet): Marks {
  return createMarks(name, journal, {
    onOldJournal: () => doubtJournal(set()),
    onOldMember: () => distrust(set()),
    onNews: () => void (set().state.isTrusted = false),
    inBackground: (work) => {
      const { answered } = set();
      const done = inBackground(set(), work);
      answered.add(done);
      void done.finally(() => answered.delete(done));
    },
  });
}

/**
 * Asks every member for its mark. Any of the marks may show that the journal was restored, so the call waits even for a member that hangs.
 */
async function probeAll({ members }: ReplicaSet): Promise<void> {
  await Promise.all(members.map((member) => probe(member)));
}

/**
 * Makes a function that runs the work each time it is called, until the work has succeeded. After that, the function returns `undefined`.
 */
function once(work: () => Promise<void>): () => Promise<void> | undefined {
  let running: Promise<void> | undefined;
  let isDone = false;
  const run = async (): Promise<void> => {
    try {
      await work();
      isDone = true;
    } finally {
      running = undefined;
    }
  };
  return () => (isDone ? undefined : (running ??= run()));
}

/** @throws TypeError for a name that no member has, or if every member is named. */
function assertRetiring(type: string, given: Group["members"], names: readonly string[]): readonly string[] {
  anArray(type, "retiring", names, "names of members");
  const wrong = names.find((name) => !given.some((member) => member.name === name));
  if (wrong !== undefined)
    throw new TypeError(`${type}: ${JSON.stringify(wrong)} in the option retiring is not a member`);
  if (given.every(({ name }) => names.includes(name))) {
    throw new TypeError(`${type}: the option retiring lists every member; leave out at least one member`);
  }
  return names;
}

/**
 * The locks of composers by journal and name. Composers with the same journal and name share one lock. Two such composers exist, for
 * example, after a hot reload.
 */
const LOCKS = new WeakMap<Journal, Map<string, KeyLock>>();

function lockOf(journal: Journal, name: string): KeyLock {
  const locks = LOCKS.get(journal) ?? new Map<string, KeyLock>();
  LOCKS.set(journal, locks);
  const lock = locks.get(name) ?? createKeyLock();
  locks.set(name, lock);
  return lock;
}

/**
 * Tells whether a member gets a marker. A composer gets no marker, because it watches its own members. A store that expires every object
 * gets no marker, because the marker would expire too.
 */
function takesMarker({ upkeep, expiresAfterMs }: ComposedProvider): boolean {
  return upkeep?.health === undefined && expiresAfterMs?.(MARKER_KEY) === undefined;
}

function timesOf(type: string, options: JournalOptions): Times {
  const settleMs = milliseconds(type, "settleMs", options.settleMs ?? SETTLE_MS);
  const leaseMs = milliseconds(type, "leaseMs", options.leaseMs ?? LEASE_MS, 1);
  const graceMs = milliseconds(type, "graceMs", options.graceMs ?? GRACE_MS);
  const keepMs = milliseconds(type, "keepDeletesMs", options.keepDeletesMs ?? KEEP_DELETES_MS);
  return {
    settleMs,
    leaseMs,
    graceMs,
    keepDeletesMs: Math.max(keepMs, leaseMs + settleMs + graceMs),
    waitMs: milliseconds(type, "waitMs", options.waitMs ?? WAIT_MS),
  };
}

type Times = Pick<ReplicaSet, "settleMs" | "waitMs" | "leaseMs" | "graceMs" | "keepDeletesMs">;

function milliseconds(type: string, name: string, value: number, least = 0): number {
  return wholeNumber(type, name, value, { least, most: TIMER_MS_MAX });
}
