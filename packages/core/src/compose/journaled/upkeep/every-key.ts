import type { ReplicaSet } from "../replica-set.js";

const ROWS_AT_ONCE = 256;

/** Calls `each` with every key that has a row, one after the other. */
export async function everyKey({ journal }: ReplicaSet, each: (key: string) => Promise<void>): Promise<void> {
  let after: string | undefined;
  do {
    const rows = await journal.rows("", after, ROWS_AT_ONCE);
    for (const { key } of rows) await each(key);
    after = rows.length < ROWS_AT_ONCE ? undefined : rows.at(-1)?.key;
  } while (after !== undefined);
}
