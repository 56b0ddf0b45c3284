import { createApply, type Apply } from "./change.js";
import type { Driver } from "./database.js";
import { openForWriting, opening } from "./open-database.js";
import { watchFiles } from "./same-file.js";
import { openLog } from "./synced-log.js";

/** The only writer of rows and control records. */
export interface Commits {
  /** Applies changes, and returns when they are on the disk. */
  readonly apply: Apply;
  readonly close: () => void;
}

/**
 * Opens a journal for the thread that writes. A transaction ends before its data is on the disk. The log is synced after the
 * transaction, so other processes do not have to wait for the sync.
 */
export function openCommits(path: string, driver: Driver): Commits {
  const database = opening(() => openForWriting(path, driver, "after the transaction"));
  // The first transaction makes the files beside the database.
  database.exec("BEGIN IMMEDIATE; COMMIT");
  const hasFiles = watchFiles(path);
  hasFiles();
  const log = openLog(path);
  const apply = createApply(database);
  return {
    apply: (changes) => {
      const applied = apply(changes);
      log.sync();
      // If a file was removed or replaced, no process can read the changes in the old file again. So these changes are not
      // acknowledged.
      if (!hasFiles()) throw new Error("REPLACED");
      return applied;
    },
    close: () => {
      database.close();
      log.close();
    },
  };
}
