import type { Caller } from "../../../contract/caller.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { namesOf } from "../../group.js";
import { suspectedNow } from "../hold/ask-member.js";
import { clearMember } from "../hold/clear-members.js";
import { conclude } from "../hold/conclude.js";
import { findCopies } from "../hold/find-row.js";
import { busy, holding, type HeldKey, type HoldOptions } from "../hold/held-key.js";
import { reopened, staying } from "../row/row.js";
import type { ReplicaSet } from "../replica-set.js";

/**
 * Saves which members hold the object of a key, so that repair checks whether the object is on the right members. A key that is already
 * in transition is checked anyway.
 *
 * @throws StorageError `Unavailable` if a member does not answer, or if an earlier write is not decided yet.
 */
export async function adoptKeyOf(set: ReplicaSet, key: string, options: HoldOptions): Promise<void> {
  await holding(set, "repair", key, options, async (held) => {
    if (held.row.isKept === true) {
      await conclude(set, held, reopened(held.row, namesOf(set.members)));
      return;
    }
    if (held.row.current !== undefined) return;
    const { row, extras } = await findCopies(set, held, options);
    if (row === undefined) {
      for (const { member } of extras) await dealWithExtra(set, held, member, options);
      return;
    }
    // If the object were adopted now, it would get a newer version than the undecided writes.
    if (row.current?.version === "" && row.uncertain.length > 0) throw busy(set, "repair", key);
    await conclude(set, held, staying(row, set.journal.now() + set.graceMs));
  });
}

/** Counts an object that only a restored member has, or removes the object if the operator has chosen `"remove"`. */
async function dealWithExtra(
  set: ReplicaSet,
  held: HeldKey,
  member: ComposedProvider,
  options: Caller,
): Promise<void> {
  const { key } = held;
  if (set.marks?.restored(member.name) !== "remove") {
    options.onEvent?.({ type: "extra", key, provider: member.name });
    await set.marks?.countExtras(member.name, 1);
    return;
  }
  await held.save(held.row, [member.name]);
  const result = await clearMember(set, member, held, options, () => true);
  if (result === "unknown") held.row = suspectedNow(set, held.row, key, member.name, options);
  await conclude(set, held, held.row);
}
