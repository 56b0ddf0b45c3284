import { writeRow } from "../hold/row-writer.js";
import type { ReplicaSet } from "../replica-set.js";
import { distrust } from "../read/inventory.js";
import { doubted, takenOver } from "../row/row.js";
import { everyKey } from "./every-key.js";

/**
 * Marks every row as doubtful after the journal was restored from a backup. Members may hold newer objects than the
 * rows say, and may hold different objects for a key without a row.
 */
export async function doubtJournal(set: ReplicaSet): Promise<void> {
  await distrust(set);
  const { journal, settleMs } = set;
  await everyKey(set, async (key) => {
    const { row, revision } = await journal.read(key);
    if (row === undefined || row.isDoubtful === true) return;
    await writeRow(journal, key, revision, doubted(takenOver(row, journal.now(), settleMs)));
  });
}
