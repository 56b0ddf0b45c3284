import type { Caller } from "../../../contract/caller.js";
import type { KeyRow } from "../../../contract/key-row.js";
import { mayHold } from "../../group.js";
import type { ReplicaSet } from "../replica-set.js";
import { identityOf, newestOf, versionOf, type Copy } from "../row/identity.js";
import { isStale } from "../replica-set.js";
import { adopted, confirmed, deleted, isUndecided, resolved } from "../row/row.js";
import type { Answer } from "../../survey.js";
import { look } from "./ask-member.js";
import type { HeldKey } from "./held-key.js";

/** The copies of one key that members hold. */
interface FoundCopies {
  /** The row that follows from the copies; absent if no trustworthy member has a decided object. */
  readonly row: KeyRow | undefined;
  /** Copies that exist only on members that were restored from a backup. */
  readonly extras: readonly Copy[];
}

/**
 * Makes a row for a key that the journal does not know. The row is made from the copies on the members. The newest
 * version counts. If no object has a version, the object on the first member in reading order counts.
 *
 * @returns `undefined` if no member has a decided object.
 * @throws StorageError `Unavailable` when a member does not answer.
 */
export async function findRow(set: ReplicaSet, held: HeldKey, options: Caller): Promise<KeyRow | undefined> {
  return (await findCopies(set, held, options)).row;
}

/** Makes the row like {@link findRow}. Also returns the copies that exist only on members that were restored from a backup. */
export async function findCopies(set: ReplicaSet, held: HeldKey, options: Caller): Promise<FoundCopies> {
  const order = set.placement.readOrder(held.key);
  const answers = await Promise.all(order.map((member) => look(set, member, held.key, options)));
  const silent = answers.find((answer) => answer.state === "silent");
  if (silent?.state === "silent") throw mayHold(silent.error, "repair", held.key);
  const copies = answers
    .flatMap((answer) => (answer.state === "present" ? [answer] : []))
    .filter(({ info }) => !isUndecided(held.row, versionOf(info)));
  const newest = newestOf(copies.filter((copy) => isBelieved(set, copy)));
  if (newest === undefined) return { row: undefined, extras: copies };
  return { row: rowOfCopies(held.row, newest, copies, answers), extras: [] };
}

/**
 * Tells whether a copy is taken into account. If a member was restored from a backup, a copy on this member counts only
 * if the operator has chosen to keep such copies.
 */
export function isBelieved(set: ReplicaSet, { member }: Copy): boolean {
  return !isStale(set, member) || set.marks?.restored(member.name) === "keep";
}

/** Returns the row with the newest copy as the current object of the key. */
export function rowOfCopies(
  row: KeyRow,
  newest: Copy,
  copies: readonly Copy[],
  answers: readonly Answer[],
): KeyRow {
  const holds = answers.map(
    ({ member, state }) => [member.name, state === "absent" ? "absent" : "unknown"] as const,
  );
  const same = copies.filter((copy) => copy === newest || isSame(copy, newest));
  return adopted(row, {
    identity: identityOf(newest.info),
    holds: Object.fromEntries(holds),
    etags: Object.fromEntries(same.map(({ member, info }) => [member.name, info.etag ?? ""])),
    storedAt: newest.info.lastModified?.getTime(),
  });
}

/**
 * Compares a row with the copies on the members, after the journal was restored from a backup. If a copy is newer than
 * the row's version, the copy wins.
 *
 * @throws StorageError `Unavailable` when a member does not answer.
 */
export async function settleDoubt(set: ReplicaSet, held: HeldKey, options: Caller): Promise<KeyRow> {
  const { row } = held;
  if (row.isDoubtful !== true) return row;
  const { current } = row;
  held.row = resolved(row);
  const found = await findRow(set, held, options);
  const version = found?.current?.version ?? "";
  if (found !== undefined && version > (current?.version ?? "")) return found;
  // The object was deleted after the backup.
  if (current?.kind === "put" && found === undefined) return confirmed(deleted(held.row), {});
  return confirmed(row, found?.holds ?? {});
}

function isSame({ info }: Copy, newest: Copy): boolean {
  const version = identityOf(info)?.version;
  return version !== undefined && version === identityOf(newest.info)?.version;
}
