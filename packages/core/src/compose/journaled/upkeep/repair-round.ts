import type { Caller } from "../../../contract/caller.js";
import { concurrently } from "../../../kit/concurrently.js";
import { isStorageError } from "../../../contract/errors.js";
import type { Upkeep } from "../../../contract/upkeep.js";
import { healthOfSet } from "./set-health.js";
import { adoptKeyOf } from "./adopt.js";
import { takeStock } from "./take-stock.js";
import { noteEmpty } from "./note-empty.js";
import { namesOf } from "../../group.js";
import { BACKOFF_MS_MAX, repairKey, waitingFor } from "./repair-key.js";
import type { ReplicaSet } from "../replica-set.js";
import { verifySet } from "./verify.js";

const KEYS_PER_ROUND = 256;
/** The number of keys that are repaired at the same time, among the keys that wait for the same members. */
const KEYS_AT_ONCE = 4;

/** The time after which repair tries a key again if another call holds the key, in milliseconds. */
const BUSY_MS = 1000;

export function upkeepOf(set: ReplicaSet): Upkeep {
  return {
    repair: ({ signal, onEvent }) => repairDue(set, { signal, onEvent }),
    health: () => healthOfSet(set),
    verify: (call) => verifySet(set, call),
    onWork: (listener) => {
      set.workListeners.add(listener);
      return () => void set.workListeners.delete(listener);
    },
  };
}

/**
 * Repairs the keys that are due. If a key has failed before and now makes progress, a member must be working again.
 * Repair then tries all other waiting keys immediately. Repair also does this when a process starts.
 */
async function repairDue(set: ReplicaSet, options: Caller): Promise<number | undefined> {
  const { state } = set;
  const aheadMs = state.isEager ? BACKOFF_MS_MAX : 0;
  if (state.isEager) state.walkAfter = 0;
  state.isEager = false;
  const keys = await set.journal.due(set.journal.now() + aheadMs, KEYS_PER_ROUND);
  // If another call works on a key, repair leaves the key to that call. That call tells repair if the key needs more
  // work.
  const impatient = { ...options, waitMs: 0 };
  let isBusy = false;
  const repair = async (key: string): Promise<void> => {
    try {
      if (await repairKey(set, key, impatient)) state.isEager = true;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isStorageError(error)) throw error;
      isBusy = true;
    }
  };
  const queues = await queuesOf(set, keys);
  await Promise.all(queues.map((queue) => concurrently(queue, KEYS_AT_ONCE, repair)));
  const isWalking = await walkInTime(set, options, impatient);
  const next = isWalking || state.isEager ? set.journal.now() : await nextOf(set);
  if (next === undefined) {
    await noteEmpty(set);
    return undefined;
  }
  return Math.max(next - set.journal.now(), isBusy ? BUSY_MS : 0);
}

/** The longest pause before repair compares all members again after a failure, in milliseconds. */
const WALK_MS_MAX = 60_000;

/**
 * Compares all members, unless the pause after the last failure is not over. The pause doubles with each failure in a row, and
 * ends early when a member works again. Returns true if more is left to compare.
 */
async function walkInTime(set: ReplicaSet, options: Caller, impatient: Caller): Promise<boolean> {
  const { state, journal } = set;
  if (journal.now() < state.walkAfter) return false;
  try {
    const isWalking = await walk(set, options, (key) => adoptKeyOf(set, key, impatient));
    state.walkFailures = 0;
    state.walkAfter = 0;
    return isWalking;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isStorageError(error)) throw error;
    options.onEvent?.({ type: "repairFailed", provider: set.name, error });
    state.walkAfter = journal.now() + Math.min(WALK_MS_MAX, BUSY_MS * 2 ** state.walkFailures++);
    return false;
  }
}

/** Returns the time of the next work: the next key that is due, or the next comparison of all members. */
async function nextOf({ state, journal }: ReplicaSet): Promise<number | undefined> {
  const due = await journal.nextDue();
  if (state.walkAfter === 0) return due;
  return due === undefined ? state.walkAfter : Math.min(due, state.walkAfter);
}

/** Groups keys by the members for which the keys wait. A slow member then delays only the keys that wait for this member. */
async function queuesOf(set: ReplicaSet, keys: readonly string[]): Promise<readonly (readonly string[])[]> {
  const queues = new Map<string, string[]>();
  for (const key of keys) {
    const { row } = await set.journal.read(key);
    if (set.lock.isBusy(key) || (row?.isKept === true && row.nextAt > set.journal.now())) continue;
    const name = row === undefined ? "" : namesOf(waitingFor(set, key, row)).join(" ");
    queues.set(name, [...(queues.get(name) ?? []), key]);
  }
  return [...queues.values()];
}

async function walk(
  set: ReplicaSet,
  options: Caller,
  adopt: (key: string) => Promise<void>,
): Promise<boolean> {
  await set.refresh(options);
  return await takeStock(set, options, adopt);
}
