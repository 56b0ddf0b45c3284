import type { Caller } from "../../../contract/caller.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { look, suspectedNow, withAnswer } from "../hold/ask-member.js";
import { conclude } from "../hold/conclude.js";
import { cannotHold, namesOf } from "../../group.js";
import { clearMembers } from "../hold/clear-members.js";
import { hasExpired } from "./expiry.js";
import { holding, type HeldKey, type HoldOptions } from "../hold/held-key.js";
import type { ReplicaSet } from "../replica-set.js";
import {
  copied,
  deleted,
  hindered,
  isSuspect,
  learned,
  quarantined,
  refused,
  reopened,
  tried,
} from "../row/row.js";
import { settleDoubt } from "../hold/find-row.js";
import { resolveUnknown } from "../hold/resolve-unknown.js";
import { sweepExternal } from "../write/uploads.js";
import type { Committed, KeyRow } from "../../../contract/key-row.js";
import { targetsOf } from "../hold/targets.js";
import { transfer } from "./transfer.js";

const BACKOFF_MS = 1000;
export const BACKOFF_MS_MAX: number = 15 * 60 * 1000;

/**
 * Repairs one key on every member: copies missing objects, deletes objects that should not be there, and finds out the outcome of unknown
 * writes. The call can be repeated any number of times.
 *
 * @returns `true` if a key that failed before has now made progress. This means that a member is back.
 */
export async function repairKey(set: ReplicaSet, key: string, options: HoldOptions): Promise<boolean> {
  return await holding(set, "repair", key, options, async (held) => {
    if (held.isNew) return false;
    const { attempts: failures, nextAt } = held.row;
    const hadFailed = failures > 0;
    // A process that has just started tries every key immediately. Such an early try does not make the next pause longer.
    const isEarly = set.journal.now() < nextAt;
    if (isEarly && held.row.isKept === true) return false;
    // The time of a kept row is up, so every member is checked again.
    if (held.row.isKept === true) held.row = reopened(held.row, namesOf(set.members));
    held.row = await settleDoubt(set, held, options);
    held.row = await resolveUnknown(set, held, options);
    await sweepExternal(set, held, options);
    held.row = await lookAtUnknown(set, held, options);
    const before = held.row;
    const row = await converge(set, held, options);
    // A key that has made progress waits for a shorter time than other keys.
    const isFurther = hasProgress(set, held, before, row);
    const attempts = isFurther ? 0 : isEarly ? failures : failures + 1;
    const pauseMs = isEarly && !isFurther ? nextAt - set.journal.now() : backoff(attempts);
    await conclude(set, held, tried(row, attempts), pauseMs);
    return hadFailed && isFurther;
  });
}

function hasProgress(set: ReplicaSet, { key }: HeldKey, before: KeyRow, after: KeyRow): boolean {
  const targets = targetsOf(set, key, after);
  const lacking = (row: KeyRow): number =>
    set.members.filter(({ name }) => !isRight(row, name, targets.includes(name))).length;
  return lacking(after) < lacking(before);
}

/** Tells whether a member holds what it should hold: the right version, or nothing. */
function isRight({ current, holds }: KeyRow, name: string, isTarget: boolean): boolean {
  if (current === undefined) return false;
  return holds[name] === (current.kind === "put" && isTarget ? current.version : "absent");
}

/**
 * Returns a random pause before the next try, in milliseconds. The pause has full jitter: it lies between 0 and a maximum that doubles with
 * each failure.
 */
function backoff(attempts: number): number {
  if (attempts === 0) return 0;
  return Math.floor(Math.random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(attempts, 20)));
}

/** Asks the members whose holdings are unknown, and returns the row with their answers. */
async function lookAtUnknown(set: ReplicaSet, held: HeldKey, options: Caller): Promise<KeyRow> {
  const { row, key } = held;
  if (row.current?.kind !== "put") return row;
  // The other members are known to hold a different version, or nothing.
  const members = membersLacking(set, held).filter(
    ({ name }) => (row.holds[name] ?? "unknown") === "unknown",
  );
  const answers = await Promise.all(members.map((member) => look(set, member, key, options)));
  const now = set.journal.now();
  return answers.reduce((next, answer) => withAnswer(next, answer, now), row);
}

async function converge(set: ReplicaSet, held: HeldKey, options: Caller): Promise<KeyRow> {
  const { current } = held.row;
  if (current === undefined) return held.row;
  const targets = targetsOf(set, held.key, held.row);
  const isHome = targets.every((name) => held.row.holds[name] === current.version);
  const mayClear = current.kind === "delete" || (isHome && set.journal.now() >= (held.row.clearAt ?? 0));
  const lacking = membersLacking(set, held).filter(
    ({ name }) => mayClear || (current.kind === "put" && targets.includes(name)),
  );
  if (lacking.length === 0) return held.row;
  await held.save(
    held.row,
    lacking.map(({ name }) => name),
  );
  if (mayClear) {
    const seen = await lookAtHomes(set, held, current, targets, options);
    if (seen !== undefined) return seen;
    return await clearMembers(set, held, lacking, options);
  }
  if (holderOf(set, held.row, current) === undefined) return await withoutHolder(set, held, options);
  await Promise.all(lacking.map((member) => copyTo(set, held, current, member, options)));
  return held.row;
}

function holderOf(
  { members }: ReplicaSet,
  { holds }: KeyRow,
  { version }: Committed,
): ComposedProvider | undefined {
  return members.find(({ name }) => holds[name] === version);
}

/** Returns the row of a key whose object is on none of the members that answer. */
async function withoutHolder(set: ReplicaSet, held: HeldKey, options: Caller): Promise<KeyRow> {
  if (await hasExpired(set, held, options)) {
    options.onEvent?.({ type: "expired", key: held.key, provider: set.name });
    return deleted(held.row);
  }
  return hindered(held.row, "the members that answer do not hold the object");
}

/**
 * Asks the targets of an object whether they still have the current version. Repair deletes other copies of the object
 * only if all targets have this version.
 *
 * @returns The row with the answers if a target does not have the version or does not answer; `undefined` if all targets have it.
 */
async function lookAtHomes(
  set: ReplicaSet,
  held: HeldKey,
  current: Committed,
  targets: readonly string[],
  options: Caller,
): Promise<KeyRow | undefined> {
  if (current.kind === "delete") return undefined;
  const homes = set.members.filter(({ name }) => targets.includes(name));
  const answers = await Promise.all(homes.map((member) => look(set, member, held.key, options)));
  const now = set.journal.now();
  const row = answers.reduce((next, answer) => withAnswer(next, answer, now), held.row);
  const isAnswered = answers.every(({ state }) => state !== "silent");
  if (isAnswered && targets.every((name) => row.holds[name] === current.version)) return undefined;
  return hindered(row, "an extra copy stays until every target confirms that it holds the object");
}

/** Returns the members that lack the right version, or that hold an object and should hold nothing. */
export function waitingFor(set: ReplicaSet, key: string, row: KeyRow): readonly ComposedProvider[] {
  const targets = targetsOf(set, key, row);
  return set.members.filter(({ name }) => !isRight(row, name, targets.includes(name)));
}

/** Returns the members of {@link waitingFor}, without the members on which a request may still take effect. */
function membersLacking(set: ReplicaSet, { key, row }: HeldKey): readonly ComposedProvider[] {
  const now = set.journal.now();
  return waitingFor(set, key, row).filter(({ name }) => !isSuspect(row, name, now));
}

/** Copies the current version to a member, from a different member that has this version. Saves the outcome in the row. */
async function copyTo(
  set: ReplicaSet,
  held: HeldKey,
  current: Committed,
  member: ComposedProvider,
  options: Caller,
): Promise<void> {
  const { key } = held;
  const from = holderOf(set, held.row, current);
  if (from === undefined) return;
  const outcome = await transfer(set, held, current, from, member, options);
  const now = set.journal.now();
  if (outcome.state === "done") {
    options.onEvent?.({ type: "repaired", key, from: from.name, to: member.name });
    held.row = copied(held.row, member.name, now, set.graceMs);
    return;
  }
  const { error } = outcome;
  const next = hindered(held.row, error.message);
  if (outcome.state === "wrong") {
    options.onEvent?.({ type: "wrongBytes", key, provider: from.name });
    held.row = quarantined(next, from.name, outcome.etag);
    // A different member may have the right bytes.
    await copyTo(set, held, held.row.current ?? current, member, options);
  } else if (error.provider === from.name) held.row = learned(next, from.name, "unknown", now);
  else if (cannotHold(error)) held.row = refused(next, member.name);
  else held.row = error.applied === "no" ? next : suspectedNow(set, next, key, member.name, options);
}
