import { headersOf } from "../../../contract/object.js";
import { bodyOf, sourceFailure } from "../../../body/copy-through.js";
import { StorageError, toStorageError } from "../../../contract/errors.js";
import { guardResult } from "../../../body/guard.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { look, suspectedNow, withAnswer } from "../hold/ask-member.js";
import { conclude } from "../hold/conclude.js";
import { cannotHold } from "../../group.js";
import { clearMembers } from "../hold/clear-members.js";
import { hasExpired } from "./expiry.js";
import { holding, type HeldKey } from "../hold/held-key.js";
import { identityOf, isCurrent, packIdentity } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import { deleted, isSuspect, learned, refused } from "../row/row.js";
import { resolveUnknown } from "../hold/resolve-unknown.js";
import { sweepExternal } from "../write/uploads.js";
import type { CallOptions } from "../../../contract/call-options.js";
import type { Committed, KeyRow } from "../../../contract/key-row.js";
import { targetsOf } from "../hold/targets.js";

const BACKOFF_MS = 1000;
export const BACKOFF_MS_MAX: number = 15 * 60 * 1000;

/**
 * Brings every member of one key to where it should be: copies what is missing, deletes what should not be there,
 * finds out what became of unknown writes. May be run any number of times.
 *
 * @returns Whether a key that had failed before has got further: what it waited for is back.
 */
export async function repairKey(set: ReplicaSet, key: string, options: CallOptions): Promise<boolean> {
  return await holding(set, "repair", key, options, async (held) => {
    if (held.isNew) return false;
    const hadFailed = held.row.attempts > 0;
    held.row = await resolveUnknown(set, held, options);
    await sweepExternal(set, held, options);
    held.row = await lookAtUnknown(set, held, options);
    const before = held.row;
    const row = await converge(set, held, options);
    // What has got further need not wait for as long as what has not.
    const isFurther = hasProgress(set, held, before, row);
    const attempts = isFurther ? 0 : row.attempts + 1;
    await conclude(set, held, { ...row, attempts }, backoff(attempts));
    return hadFailed && isFurther;
  });
}

function hasProgress(set: ReplicaSet, { key }: HeldKey, before: KeyRow, after: KeyRow): boolean {
  const targets = targetsOf(set, key, after);
  const lacking = (row: KeyRow): number =>
    set.members.filter(({ name }) => !isRight(row, name, targets.includes(name))).length;
  return lacking(after) < lacking(before);
}

/** Whether a member holds what it should. */
function isRight({ current, holds }: KeyRow, name: string, isTarget: boolean): boolean {
  if (current === undefined) return false;
  return holds[name] === (current.kind === "put" && isTarget ? current.version : "absent");
}

/** Full jitter, as retries have it. */
function backoff(attempts: number): number {
  if (attempts === 0) return 0;
  return Math.floor(Math.random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(attempts, 20)));
}

/** Asks the members of which nobody knows what they hold, and returns the row with their answers. */
async function lookAtUnknown(set: ReplicaSet, held: HeldKey, options: CallOptions): Promise<KeyRow> {
  const { row, key } = held;
  if (row.current?.kind !== "put") return row;
  // Of the others it is known that they hold something else, or nothing.
  const members = membersLacking(set, held).filter(
    ({ name }) => (row.holds[name] ?? "unknown") === "unknown",
  );
  const answers = await Promise.all(members.map((member) => look(set, member, key, options)));
  const now = set.journal.now();
  return answers.reduce((next, answer) => withAnswer(next, answer, now), row);
}

async function converge(set: ReplicaSet, held: HeldKey, options: CallOptions): Promise<KeyRow> {
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
  if (mayClear) return await clearMembers(set, held, lacking, options);
  for (const member of lacking) held.row = await copyTo(set, held, current, member, options);
  return held.row;
}

/** Members that do not hold what they should, and on which nothing is under way. */
function membersLacking(set: ReplicaSet, { key, row }: HeldKey): readonly ComposedProvider[] {
  const now = set.journal.now();
  const targets = targetsOf(set, key, row);
  return set.members.filter(({ name }) => {
    if (isSuspect(row, name, now)) return false;
    return !isRight(row, name, targets.includes(name));
  });
}

/** Copies the current version to a member, from one that has it. */
async function copyTo(
  set: ReplicaSet,
  held: HeldKey,
  current: Committed,
  member: ComposedProvider,
  options: CallOptions,
): Promise<KeyRow> {
  const { row, key } = held;
  if (row.current !== current) return row;
  const from = set.members.find(({ name }) => row.holds[name] === current.version);
  if (from === undefined && (await hasExpired(set, held, options))) {
    options.onEvent?.({ type: "expired", key, provider: set.name });
    return deleted(row);
  }
  if (from === undefined) return { ...row, problem: "no member that answers holds the object" };
  const failure = await transfer(held, current, from, member, options);
  const now = set.journal.now();
  if (failure === undefined) {
    options.onEvent?.({ type: "repaired", key, from: from.name, to: member.name });
    return learned(
      { ...row, clearAt: now + set.graceMs, problem: undefined },
      member.name,
      current.version,
      now,
    );
  }
  const next = { ...row, problem: failure.message };
  if (failure.provider === from.name) return learned(next, from.name, "unknown", now);
  if (cannotHold(failure)) return refused(next, member.name);
  return failure.applied === "no" ? next : suspectedNow(set, next, key, member.name, options);
}

/** @returns Why it failed, if it did. */
async function transfer(
  held: HeldKey,
  current: Committed,
  from: ComposedProvider,
  to: ComposedProvider,
  options: CallOptions,
): Promise<StorageError | undefined> {
  const { key, signal } = held;
  const call = { signal, onEvent: options.onEvent };
  try {
    const result = guardResult(await from.get(key, call), from);
    const { info, body } = result;
    if (!isCurrent(current, from, info)) {
      if (!(body instanceof Uint8Array)) body.destroy();
      throw new StorageError("Integrity", "it holds another version than the journal says", {
        operation: "repair",
        provider: from.name,
        key,
      });
    }
    const { writeId = current.version } = identityOf(info) ?? {};
    await to.put(key, bodyOf(result, from.name), {
      ...call,
      beforeCommit: held.assertHeld,
      ...headersOf(info),
      metadata: info.metadata,
      writeId: packIdentity({ version: current.version, sha256: current.sha256, writeId }),
    });
    return undefined;
  } catch (error) {
    return toStorageError(sourceFailure(error), { operation: "repair", provider: to.name, key });
  }
}
