import type { CallOptions } from "../../../contract/call-options.js";
import type { KeyRow } from "../../../contract/key-row.js";
import { mayHold } from "../../group.js";
import type { ReplicaSet } from "../replica-set.js";
import { identityOf, newestOf, versionOf, type Copy } from "../row/identity.js";
import { adopted, isUndecided } from "../row/row.js";
import { look } from "./ask-member.js";
import type { HeldKey } from "./held-key.js";

/**
 * Makes the row of a key of which the journal says nothing, from what its members hold: the newest version
 * counts; of objects without a version the first in the order of reading.
 *
 * @returns `undefined` when no member has an object that is decided.
 * @throws StorageError `Unavailable` when a member does not answer.
 */
export async function findRow(
  set: ReplicaSet,
  held: HeldKey,
  options: CallOptions,
): Promise<KeyRow | undefined> {
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
