import { type Caller, callerOf } from "../../../contract/caller.js";
import { delay } from "../../../kit/abort.js";
import { StorageError, type Operation } from "../../../contract/errors.js";
import type { JournalEntry } from "../../../contract/journal.js";
import { millisecondsOf } from "../../../contract/version.js";
import { conclude } from "../hold/conclude.js";
import { busy, comparedEntry, holding, intentMsMax } from "../hold/held-key.js";
import { versionOf, type Copy } from "../row/identity.js";
import { isTrusted } from "./inventory.js";
import { readOnce } from "./read-once.js";
import { type Found, type Reader } from "./look.js";
import type { ReplicaSet } from "../replica-set.js";
import { isUndecided } from "../row/row.js";
import { resolveUnknown } from "../hold/resolve-unknown.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { KeyRow } from "../../../contract/key-row.js";
import type { ComposedHeadOptions, ComposedProvider } from "../../../contract/composed-provider.js";

const PAUSE_MS_MAX = 100;

/**
 * Reads the last decided version of a key from a member that holds this version. The other members may hold anything.
 *
 * @throws StorageError `NotFound` if the key has no object. `Unavailable` if a member that may hold the object does not answer, or if only
 *   an older copy can be read.
 */
export async function readWithJournal<T>(
  set: ReplicaSet,
  key: string,
  options: ComposedHeadOptions,
  reader: Reader<T>,
): Promise<Found<T>> {
  const deadline = set.journal.now() + set.waitMs;
  if (options.isFinal === true) await assertFinal(set, reader.operation, key, callerOf(options));
  for (let round = 0; ; round++) {
    const readAt = set.journal.now();
    const wasTrusted = await isTrusted(set);
    const entry = await comparedEntry(set, key);
    const reading = await readOnce(set, entry.row, wasTrusted, key, options, reader);
    if (reading.state === "found") {
      const copy = { member: reading.member, info: reader.infoOf(reading.result) };
      if (await isValid(set, key, entry, copy, readAt)) return reading;
      reader.discard(reading.result);
    }
    if (reading.state === "absent" && (reading.isFinal || (await isUnchanged(set, key, entry)))) {
      throw notFound(set, reader.operation, key, reading.unconfirmed);
    }
    // A write that is under way may put a newer object on the members, so the write must be decided before the error is
    // thrown.
    const isFinal = entry.row?.open === undefined && (await isUnchanged(set, key, entry));
    if (reading.state === "silent" && isFinal) throw reading.error;
    if (set.journal.now() > deadline) throw busy(set, reader.operation, key);
    if (reading.state !== "absent") await decideNow(set, reader.operation, key, callerOf(options));
    if (round > 0) await delay(Math.min(2 ** round, PAUSE_MS_MAX), options.signal);
  }
}

/**
 * Tells whether the write of an object had already ended when the journal was read. This is true if the journal has
 * recorded the write and the key no longer has a row. In this case the journal need not be read again.
 */
function isOld(set: ReplicaSet, row: KeyRow | undefined, info: ObjectInfo, readAt: number): boolean {
  if (row !== undefined) return false;
  const version = versionOf(info);
  return version === undefined || millisecondsOf(version) + intentMsMax(set) < readAt;
}

/** Tells whether the copy that was read is the current object of the key. */
async function isValid(
  set: ReplicaSet,
  key: string,
  entry: JournalEntry,
  { member, info }: Copy,
  readAt: number,
): Promise<boolean> {
  if (!(await isBelievable(set, key, entry, member, readAt))) return false;
  return await isDecided(set, key, entry.row, info, readAt);
}

/**
 * Tells whether the write of the object that was read is decided. The write may have begun after the journal was read.
 */
async function isDecided(
  set: ReplicaSet,
  key: string,
  found: KeyRow | undefined,
  info: ObjectInfo,
  readAt: number,
): Promise<boolean> {
  // A kept row says nothing about the objects that the members hold now.
  const before = found?.isKept === true ? undefined : found;
  if (before?.current !== undefined || isOld(set, before, info, readAt)) return true;
  const { row } = await set.journal.read(key);
  return row === undefined || !isUndecided(row, versionOf(info));
}

/**
 * Tells whether a member's answer still counts for a key that had no row. After the journal was read, the member may have been restored
 * from a backup, and another process may have repaired the member. In that case the key now has a row.
 */
async function isBelievable(
  set: ReplicaSet,
  key: string,
  before: JournalEntry,
  { name }: ComposedProvider,
  readAt: number,
): Promise<boolean> {
  if (before.row !== undefined || set.marks?.isCheckedSince(name, readAt) !== true) return true;
  return await isUnchanged(set, key, before);
}

async function isUnchanged({ journal }: ReplicaSet, key: string, before: JournalEntry): Promise<boolean> {
  return (await journal.read(key)).revision === before.revision;
}

/** @throws StorageError `Unavailable` if a failed write may have taken effect after all. */
async function assertFinal(
  set: ReplicaSet,
  operation: Operation,
  key: string,
  options: Caller,
): Promise<void> {
  await decideNow(set, operation, key, options);
  const { row } = await set.journal.read(key);
  if (row === undefined || row.uncertain.length === 0) return;
  const reason = "an earlier write of this key is not decided yet";
  throw new StorageError("Unavailable", reason, { operation, provider: set.name, key, retryable: false });
}

/** Waits for a write that is under way. If no call is working on the write, finds out its outcome. */
async function decideNow(set: ReplicaSet, operation: Operation, key: string, options: Caller): Promise<void> {
  const { row } = await set.journal.read(key);
  if (row === undefined || (row.open === undefined && row.uncertain.length === 0)) return;
  await holding(set, operation, key, options, async (held) => {
    const next = await resolveUnknown(set, held, options);
    if (next !== row) await conclude(set, held, next);
  });
}

function notFound(
  { name }: ReplicaSet,
  operation: Operation,
  key: string,
  unconfirmed: readonly string[] | undefined,
): StorageError {
  return new StorageError("NotFound", "there is no such object", {
    operation,
    provider: name,
    key,
    unconfirmed,
  });
}
