import type { CallOptions, ObjectInfo, StorageProvider } from "../../provider.js";
import { mayHold } from "../chain.js";
import { look } from "./ask-member.js";
import type { HeldKey } from "./held-key.js";
import { identityOf } from "./identity.js";
import type { ReplicaSet } from "./replica-set.js";
import { adopted, type KeyRow } from "./row.js";

/**
 * The row of a key that has none, made of what its members hold: the newest version counts; of objects without a
 * version the first in the order of reading.
 *
 * @returns `undefined` when no member has an object.
 * @throws StorageError `Unavailable` when a member does not answer.
 */
export async function adoptedRow(
  set: ReplicaSet,
  held: HeldKey,
  options: CallOptions,
): Promise<KeyRow | undefined> {
  const order = set.placement.readOrder(held.key);
  const answers = await Promise.all(order.map((member) => look(set, member, held.key, options)));
  const silent = answers.find((answer) => answer.state === "silent");
  if (silent?.state === "silent") throw mayHold(silent.error, "repair", held.key);
  const copies = answers.flatMap((answer) => (answer.state === "present" ? [answer] : []));
  const newest = copies.reduce<Copy | undefined>(
    (best, copy) => (isNewer(copy, best) ? copy : best),
    undefined,
  );
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
  });
}

interface Copy {
  readonly member: StorageProvider;
  readonly info: ObjectInfo;
}

function isNewer({ info }: Copy, best: Copy | undefined): boolean {
  return best === undefined || (identityOf(info)?.version ?? "") > (identityOf(best.info)?.version ?? "");
}

function isSame({ info }: Copy, newest: Copy): boolean {
  const version = identityOf(info)?.version;
  return version !== undefined && version === identityOf(newest.info)?.version;
}
