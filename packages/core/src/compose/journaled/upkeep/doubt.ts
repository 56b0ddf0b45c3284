import type { ReplicaSet } from "../replica-set.js";
import { doubted, takenOver } from "../row/row.js";
import { distrust } from "../read/inventory.js";

const ROWS_AT_ONCE = 256;

/**
 * Doubts everything that a journal says which was restored from a backup: members may hold something newer than each of its rows, and
 * where it has no row they may differ.
 */
export async function doubtJournal(set: ReplicaSet): Promise<void> {
  await distrust(set);
  const { journal } = set;
  let after: string | undefined;
  do {
    const rows = await journal.rows("", after, ROWS_AT_ONCE);
    for (const { key } of rows) {
      const { row, revision } = await journal.read(key);
      if (row === undefined || row.isDoubtful === true) continue;
      await journal.write(key, revision, doubted(takenOver(row, journal.now(), set.settleMs)));
    }
    after = rows.length < ROWS_AT_ONCE ? undefined : rows.at(-1)?.key;
  } while (after !== undefined);
}
