import type { CallOptions, StorageProvider } from "../../../contract/provider.js";
import { millisecondsOf } from "../../../contract/version.js";
import { look } from "../hold/ask-member.js";
import type { HeldKey } from "../hold/held-key.js";
import { versionOf } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import type { KeyRow } from "../row/row.js";

/** Members whose rules have let the object of a key go by now, so that it is not brought back there. */
function expiredOn({ members, journal }: ReplicaSet, key: string, row: KeyRow): readonly string[] {
  const storedAt = storedAtOf(row);
  if (storedAt === undefined) return [];
  return members.filter((member) => isOver(member, key, journal.now() - storedAt)).map(({ name }) => name);
}

/** Whether a member's rules let go of an object of that age. */
export function isOver({ expiresAfterMs }: StorageProvider, key: string, ageMs: number): boolean {
  const afterMs = expiresAfterMs?.(key);
  return afterMs !== undefined && ageMs >= afterMs;
}

function storedAtOf({ current }: KeyRow): number | undefined {
  if (current?.kind !== "put") return undefined;
  return current.storedAt ?? (current.version === "" ? undefined : millisecondsOf(current.version));
}

/** The names of the members that hold the object when all is done. What has expired may stay where it is. */
export function targetsOf(set: ReplicaSet, key: string, row: KeyRow): readonly string[] {
  const expired = expiredOn(set, key, row).filter((name) => row.holds[name] !== row.current?.version);
  if (expired.length === 0) return set.placement.targets(key, row);
  const cannotHold = [...(row.cannotHold ?? []), ...expired];
  return set.placement.targets(key, { ...row, cannotHold }).filter((name) => !expired.includes(name));
}

/**
 * Whether an object is nowhere any more, because a rule has removed it before the others had it: every member has answered,
 * none has it, and what they have is older.
 */
export async function hasExpired(
  set: ReplicaSet,
  { key, row }: HeldKey,
  options: CallOptions,
): Promise<boolean> {
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
