import { createApply, type Apply } from "./change.js";
import type { Driver } from "./database.js";
import { openForWriting, opening } from "./open-database.js";
import { watchFiles } from "./same-file.js";
import { openLog } from "./synced-log.js";

/** The one place that writes rows. */
export interface Commits {
  /** Applies changes, and returns once they are on the disk. */
  readonly apply: Apply;
  readonly close: () => void;
}

/**
 * Opens a journal for the thread that writes. A transaction ends before the disk has anything: the log is synced after it, so that no
 * other process waits for this one's disk.
 */
export function openCommits(path: string, driver: Driver): Commits {
  const database = opening(() => openForWriting(path, driver, "after the transaction"));
  // The files beside it are there from the first transaction on.
  database.exec("BEGIN IMMEDIATE; COMMIT");
  const hasFiles = watchFiles(path);
  hasFiles();
  const log = openLog(path);
  const apply = createApply(database);
  return {
    apply: (changes) => {
      const applied = apply(changes);
      log.sync();
      // What went into a file that nobody can open again is not acknowledged.
      if (!hasFiles()) throw new Error("REPLACED");
      return applied;
    },
    close: () => {
      database.close();
      log.close();
    },
  };
}
