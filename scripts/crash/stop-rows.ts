import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { KeyRow } from "../../packages/core/src/journal.js";
import { defaultDriver } from "../../packages/journal/src/database.js";
import { openForReading } from "../../packages/journal/src/open-database.js";
import { moment } from "./stop-process.js";

/** What a journal has of keys, as the processes that use it have written it. */
export interface JournalRows {
  readonly rowOf: (key: string) => KeyRow | undefined;
  readonly has: (key: string) => boolean;
  readonly close: () => void;
}

const POLL_MS = 10;
const PATIENCE_MS = 120_000;

export function openRows(folder: string): JournalRows {
  const database = openForReading(join(folder, "journal.db"), defaultDriver());
  const find = database.prepare("SELECT row FROM rows WHERE key = ?");
  const rowOf = (key: string): KeyRow | undefined => {
    const found = find.get(key) as { readonly row: string } | undefined;
    return found && (JSON.parse(found.row) as KeyRow);
  };
  return { rowOf, has: (key) => rowOf(key) !== undefined, close: () => database.close() };
}

/** What repair says when it cannot go on: the only copy of an object is gone. */
const LOST = "the members that answer do not hold the object";

/** Waits until nothing is left to do for a key, or nothing can be done any more. */
export async function settled({ rowOf }: JournalRows, key: string): Promise<void> {
  const until = moment() + PATIENCE_MS;
  for (;;) {
    const row = rowOf(key);
    if (row === undefined || row.isKept === true || row.problem === LOST) return;
    if (moment() > until) throw new Error(`${key} is in transition for too long: ${JSON.stringify(row)}`);
    await delay(POLL_MS);
  }
}
