import type { CallOptions } from "../../../contract/call-options.js";
import { mayHold } from "../../group.js";
import { look } from "../hold/ask-member.js";
import { conclude } from "../hold/conclude.js";
import { busy, holding, type HeldKey } from "../hold/held-key.js";
import { identityOf, newestOf, versionOf, type Copy } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import { adopted, isUndecided } from "../row/row.js";
import type { KeyRow } from "../../../contract/key-row.js";

/**
 * The row of a key of which the journal does not say what it is, made of what its members hold: the newest version
 * counts; of objects without a version the first in the order of reading.
 *
 * @returns `undefined` when no member has an object that is decided.
 * @throws StorageError `Unavailable` when a member does not answer.
 */
async function findRow(set: ReplicaSet, held: HeldKey, options: CallOptions): Promise<KeyRow | undefined> {
  const order = set.placement.readOrder(held.key);
  const answers = await Promise.all(order.map((member) => look(set, member, held.key, options)));
  const silent = answers.find((answer) => answer.state === "silent");
  if (silent?.state === "silent") throw mayHold(silent.error, "repair", held.key);
  const copies = answers
    .flatMap((answer) => (answer.state === "present" ? [answer] : []))
    .filter(({ info }) => !isUndecided(held.row, versionOf(info)));
  const newest = newestOf(copies);
  if (newest === undefined) return undefined;
  const identity = identityOf(newest.info);
  const holds = answers.map(
    ({ member, state }) => [member.name, state === "absent" ? "absent" : "unknown"] as const,
  );
  const same = copies.filter((copy) => copy === newest || isSame(copy, newest));
  return adopted(held.row, {
    identity,
    holds: Object.fromEntries(holds),
    etags: Object.fromEntries(same.map(({ member, info }) => [member.name, info.etag ?? ""])),
    storedAt: newest.info.lastModified?.getTime(),
  });
}

function isSame({ info }: Copy, newest: Copy): boolean {
  const version = identityOf(info)?.version;
  return version !== undefined && version === identityOf(newest.info)?.version;
}

/**
 * Has repair look whether the object of a key is where it should be: what the members hold becomes what the journal
 * says of it. A key that the journal knows already is looked at anyway.
 *
 * @throws StorageError `Unavailable` when a member does not answer, or an earlier write is not decided yet.
 */
export async function adoptKeyOf(set: ReplicaSet, key: string, options: CallOptions): Promise<void> {
  await holding(set, "repair", key, options, async (held) => {
    if (held.row.current !== undefined) return;
    const row = await findRow(set, held, options);
    if (row === undefined) return;
    // It would be given a version that is newer than what is not decided.
    if (row.current?.version === "" && row.uncertain.length > 0) throw busy(set, "repair", key);
    await conclude(set, held, { ...row, clearAt: set.journal.now() + set.graceMs });
  });
}
