import { callerOf } from "../../../contract/caller.js";
import { StorageError } from "../../../contract/errors.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { conclude } from "../hold/conclude.js";
import { currentObject } from "./conditions.js";
import { holding, type HeldKey } from "../hold/held-key.js";
import type { ReplicaSet } from "../replica-set.js";
import { deleted, isSuspect } from "../row/row.js";
import type { DeleteOptions } from "../../../contract/call-options.js";
import type { KeyRow } from "../../../contract/key-row.js";
import { clearMembers } from "../hold/clear-members.js";
import { hasEtag } from "../read/has-etag.js";
import { assertWhole } from "../read/inventory.js";
import { etagProblem } from "../../../kit/etag-problem.js";

/**
 * Deletes a key on every member. As soon as the journal has saved the delete, the delete is decided and is never undone. Repair clears the
 * members that do not answer.
 */
export async function deleteWithJournal(set: ReplicaSet, key: string, options: DeleteOptions): Promise<void> {
  await assertWhole(set, "delete", key);
  const caller = callerOf(options);
  await holding(set, "delete", key, caller, async (held) => {
    if (!(await mayDelete(set, held, options))) return;
    const members = unsuspected(set, held.row);
    options.beforeCommit?.();
    await held.save(
      deleted(held.row),
      members.map(({ name }) => name),
    );
    // The delete is decided. Repair handles any failure from here on.
    await conclude(set, held, await clearMembers(set, held, members, caller)).catch(() => {});
  });
}

/** Returns all members except those on which an earlier request may still take effect. */
function unsuspected(set: ReplicaSet, row: KeyRow): readonly ComposedProvider[] {
  const now = set.journal.now();
  return set.members.filter(({ name }) => !isSuspect(row, name, now));
}

async function mayDelete(
  set: ReplicaSet,
  held: HeldKey,
  { ifMatch, onEvent, signal }: DeleteOptions,
): Promise<boolean> {
  if (ifMatch === undefined) return true;
  const found = await currentObject(set, held, { onEvent, signal });
  if (found === undefined) return false;
  if (await hasEtag(set, held.key, held.row, found, ifMatch, { onEvent, signal })) return true;
  throw new StorageError("PreconditionFailed", etagProblem(found.info.etag, ifMatch), {
    operation: "delete",
    provider: found.member.name,
    key: held.key,
  });
}
