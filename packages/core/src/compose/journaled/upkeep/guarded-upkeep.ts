import type { Caller } from "../../../contract/caller.js";
import { isStorageError } from "../../../contract/errors.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { Upkeep, UpkeepCall } from "../../../contract/upkeep.js";
import { millisecondsOf } from "../../../contract/version.js";
import { adoptKeyOf } from "./adopt.js";
import { look } from "../hold/ask-member.js";
import { isOver } from "../hold/targets.js";
import { holding, type HoldOptions } from "../hold/held-key.js";
import { versionOf } from "../row/identity.js";
import { mayExpire } from "../read/inventory.js";
import type { ReplicaSet } from "../replica-set.js";
import type { ObjectInfo } from "../../../contract/object.js";

/**
 * Returns the upkeep of a member. An object does not expire while other members still need a copy of the object, or while a call
 * writes the object.
 */
export function guardedUpkeep(set: ReplicaSet, member: ComposedProvider): Upkeep | undefined {
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
  member: ComposedProvider,
  key: string,
  call: UpkeepCall,
  work: () => Promise<void>,
): Promise<void> {
  const { whileClean: outer, signal, onEvent } = call;
  // If another call writes the key, this call leaves the key alone.
  const impatient = { signal, onEvent, waitMs: 0 };
  const held = async (): Promise<void> => {
    if (set.lock.isBusy(key) || (await set.journal.read(key)).row !== undefined) return;
    if (!(await mayExpire(set, member))) return;
    const isMissed = await letGo(set, member, key, impatient, work);
    if (isMissed) await adoptKeyOf(set, key, impatient);
  };
  // An outer composer must hold the key before an inner composer does.
  await (outer === undefined ? held() : outer(key, held));
}

/**
 * Removes an expired object from a member.
 *
 * @returns `true` if nothing was removed, because other members should have the object and lack it.
 */
async function letGo(
  set: ReplicaSet,
  member: ComposedProvider,
  key: string,
  options: HoldOptions,
  work: () => Promise<void>,
): Promise<boolean> {
  return await holding(set, "repair", key, options, async (mine) => {
    if (!mine.isNew) return false;
    // This question also checks that the member is still the same disk or bucket.
    const answer = await look(set, member, key, options);
    if (answer.state === "silent") throw answer.error;
    if (answer.state === "absent") return false;
    if (!(await othersHave(set, member, key, answer.info, options))) return true;
    await mine.save(mine.row, [member.name]);
    try {
      await work();
    } catch (error) {
      if (isStorageError(error) && error.applied === "no") await mine.release(undefined);
      else options.onEvent?.({ type: "suspect", key, provider: member.name, milliseconds: set.settleMs });
      throw error;
    }
    await mine.release(undefined);
    return false;
  });
}

/** Tells whether a copy of the object is on every other member that should still hold the object. */
async function othersHave(
  set: ReplicaSet,
  member: ComposedProvider,
  key: string,
  info: ObjectInfo,
  options: Caller,
): Promise<boolean> {
  if (!set.placement.alike) return true;
  const version = versionOf(info);
  const storedAt = version === undefined ? (info.lastModified?.getTime() ?? 0) : millisecondsOf(version);
  const ageMs = set.journal.now() - storedAt;
  const others = set.members.filter((other) => other !== member && !isOver(other, key, ageMs));
  const answers = await Promise.all(others.map((other) => look(set, other, key, options)));
  for (const answer of answers) {
    if (answer.state === "silent") throw answer.error;
    if (answer.state === "absent" || versionOf(answer.info) !== version) return false;
  }
  return true;
}
