import type { Caller } from "../../../contract/caller.js";
import { look } from "../hold/ask-member.js";
import type { HeldKey } from "../hold/held-key.js";
import { versionOf } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import { expiredOn } from "../hold/targets.js";

/**
 * Tells whether an object is gone because a rule has removed it before the other members had a copy. Every member must have answered that
 * it holds no object or an older object.
 */
export async function hasExpired(set: ReplicaSet, { key, row }: HeldKey, options: Caller): Promise<boolean> {
  const { current, uncertain, suspects } = row;
  if (current === undefined || uncertain.length > 0 || Object.keys(suspects).length > 0) return false;
  if (expiredOn(set, key, row).length === 0) return false;
  const answers = await Promise.all(set.members.map((member) => look(set, member, key, options)));
  return answers.every(
    (answer) =>
      answer.state === "absent" ||
      (answer.state === "present" && isOlder(versionOf(answer.info), current.version)),
  );
}

function isOlder(version: string | undefined, than: string): boolean {
  return version !== undefined && version < than;
}
