import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { KeyRow } from "../../../contract/key-row.js";
import { millisecondsOf } from "../../../contract/version.js";
import type { ReplicaSet } from "../replica-set.js";

/**
 * Returns the names of the members whose rules have already let the object of a key expire. Repair does not copy the object to these
 * members again.
 */
export function expiredOn({ members, journal }: ReplicaSet, key: string, row: KeyRow): readonly string[] {
  const storedAt = storedAtOf(row);
  if (storedAt === undefined) return [];
  return members.filter((member) => isOver(member, key, journal.now() - storedAt)).map(({ name }) => name);
}

/** Tells whether a member's rules remove an object of this age. */
export function isOver({ expiresAfterMs }: ComposedProvider, key: string, ageMs: number): boolean {
  const afterMs = expiresAfterMs?.(key);
  return afterMs !== undefined && ageMs >= afterMs;
}

function storedAtOf({ current }: KeyRow): number | undefined {
  if (current?.kind !== "put") return undefined;
  return current.storedAt ?? (current.version === "" ? undefined : millisecondsOf(current.version));
}

/** Returns the names of the members that hold the object when all work is done. An expired copy may stay on its member. */
export function targetsOf(set: ReplicaSet, key: string, row: KeyRow): readonly string[] {
  const expired = expiredOn(set, key, row).filter((name) => row.holds[name] !== row.current?.version);
  if (expired.length === 0) return set.placement.targets(key, row);
  const cannotHold = [...(row.cannotHold ?? []), ...expired];
  return set.placement.targets(key, { ...row, cannotHold }).filter((name) => !expired.includes(name));
}
