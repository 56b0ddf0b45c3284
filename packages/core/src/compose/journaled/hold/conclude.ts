import { NOBODY } from "../../../contract/caller.js";
import { targetsOf } from "./targets.js";
import type { HeldKey } from "./held-key.js";
import type { ReplicaSet } from "../replica-set.js";
import { isSettled, isSuspect, kept, waiting } from "../row/row.js";
import type { KeyRow } from "../../../contract/key-row.js";

/**
 * Saves the work that is left for a key, or drops its row if no work is left, and then lets go of the key.
 *
 * @returns `true` if nothing is left to do.
 */
export async function conclude(set: ReplicaSet, held: HeldKey, row: KeyRow, pauseMs = 0): Promise<boolean> {
  // The placement may have changed in the meantime, and a walk over all keys may already have passed this key.
  await set.refresh(NOBODY);
  const members = set.members.map(({ name }) => name);
  const targets = targetsOf(set, held.key, row);
  if (isSettled(row, [...members, ...set.roster.away()], targets)) {
    const now = set.journal.now();
    const until = keptUntil(set, row, now);
    await held.release(until > now ? kept(row, until, now) : undefined);
    return true;
  }
  const now = set.journal.now();
  await held.release(waiting(row, Math.max(now + pauseMs, dueAt(row, members, targets, now))));
  return false;
}

/** Returns the time until which the journal keeps the row of a key that needs no more work. */
function keptUntil(
  { keepDeletesMs }: ReplicaSet,
  { current, keepUntil, remembered = [] }: KeyRow,
  now: number,
): number {
  const times = remembered.map(({ until }) => until);
  if (current?.kind === "delete") times.push(keepUntil ?? now + keepDeletesMs);
  return Math.max(now, ...times);
}

/** The time in milliseconds until repair looks again at a key for which it can do nothing now. */
const LATER_MS = 15 * 60 * 1000;

/** Returns the time at which the key needs work again. */
function dueAt(row: KeyRow, members: readonly string[], targets: readonly string[], now: number): number {
  const { current, holds, clearAt = now } = row;
  const times = [...Object.values(row.suspects), ...(row.external ?? []).map(({ until }) => until)];
  if (row.uncertain.length > 0 && Object.keys(row.suspects).length === 0) return now;
  for (const member of members) {
    if (current === undefined || isSuspect(row, member, now)) continue;
    const isTarget = current.kind === "put" && targets.includes(member);
    const isDone = holds[member] === (isTarget ? current.version : "absent");
    if (!isDone) times.push(isTarget || current.kind === "delete" ? now : clearAt);
  }
  // If nothing is due on any configured member, the key waits for a member that the configuration no longer names.
  return times.length === 0 ? now + LATER_MS : times.reduce((a, b) => Math.min(a, b));
}
