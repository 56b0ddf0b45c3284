import type { CallOptions } from "../../../contract/call-options.js";
import { conclude } from "../hold/conclude.js";
import { findRow } from "../hold/find-row.js";
import { busy, holding } from "../hold/held-key.js";
import type { ReplicaSet } from "../replica-set.js";

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
