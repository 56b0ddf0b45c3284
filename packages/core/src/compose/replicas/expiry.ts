import type { StorageProvider } from "../../provider.js";
import type { Upkeep, UpkeepCall } from "../../upkeep.js";
import { millisecondsOf } from "../../version.js";
import { look } from "./ask-member.js";
import { holding } from "./held-key.js";
import { isTrusted } from "./inventory.js";
import type { ReplicaSet } from "./replica-set.js";
import type { KeyRow } from "./row.js";

/** Members whose rules have let the object of a key go by now, so that it is not brought back there. */
function expiredOn({ members, journal }: ReplicaSet, key: string, row: KeyRow): readonly string[] {
  const storedAt = storedAtOf(row);
  if (storedAt === undefined) return [];
  const isOver = ({ expiresAfterMs }: StorageProvider): boolean => {
    const afterMs = expiresAfterMs?.(key);
    return afterMs !== undefined && journal.now() - storedAt >= afterMs;
  };
  return members.filter(isOver).map(({ name }) => name);
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

/** Whether an object is nowhere any more because a rule has removed it before the others had it. */
export function hasExpired(set: ReplicaSet, key: string, row: KeyRow): boolean {
  if (row.uncertain.length > 0) return false;
  return set.members.every(({ name }) => row.holds[name] === "absent") && expiredOn(set, key, row).length > 0;
}

/** The upkeep of a member: it lets nothing expire that others have yet to get, or that is being written. */
export function guardedUpkeep(set: ReplicaSet, member: StorageProvider): Upkeep | undefined {
  const { upkeep } = member;
  if (upkeep === undefined) return undefined;
  return {
    ...upkeep,
    repair: (call) =>
      upkeep.repair({ ...call, whileClean: (key, work) => whileClean(set, member, key, call, work) }),
  };
}

async function whileClean(
  set: ReplicaSet,
  member: StorageProvider,
  key: string,
  { whileClean: outer, signal, onEvent }: UpkeepCall,
  work: () => Promise<void>,
): Promise<void> {
  const held = async (): Promise<void> => {
    if (set.lock.isBusy(key)) return;
    await holding({ ...set, waitMs: 0 }, "repair", key, { signal, onEvent }, async (mine) => {
      // While nobody knows which copy is the newest, an older one would come to light.
      if (!mine.isNew || !(await isTrusted(set))) return;
      // Asked through the composer: it is still the member that it was.
      const answer = await look(set, member, key, { onEvent });
      if (answer.state === "silent") throw answer.error;
      if (answer.state === "absent") return;
      await mine.save(mine.row, []);
      await work();
      await mine.release(undefined);
    });
  };
  // Outer composers hold a key before inner ones do.
  await (outer === undefined ? held() : outer(key, held));
}
