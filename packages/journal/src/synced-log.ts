import { closeSync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** The log of a database in WAL mode, which is synced outside of transactions. */
export interface SyncedLog {
  /**
   * Waits until everything that was committed is on the disk.
   *
   * @throws Error `UNSYNCED` when the disk fails to confirm it: it is then unknown what is left after a loss of power.
   */
  readonly sync: () => void;
  readonly close: () => void;
}

/**
 * Opens the log of a database for syncing. SQLite would sync the log inside the transaction, and a process that is stopped there would stop
 * every writer of the file. SQLite holds no lock on the log, so that the log may be closed at any time.
 *
 * @param path - The path of a database that this thread has open, so that its log stays.
 */
export function openLog(path: string): SyncedLog {
  const log = openSync(`${path}-wal`, "r+");
  syncFolder(dirname(path));
  return {
    sync: () => {
      try {
        fdatasyncSync(log);
      } catch (error) {
        throw new Error("UNSYNCED", { cause: error });
      }
    },
    close: () => closeSync(log),
  };
}

/** Makes the name of the log durable. Windows cannot open folders, and needs no sync of them. */
function syncFolder(folder: string): void {
  let handle: number;
  try {
    handle = openSync(folder, "r");
  } catch {
    return;
  }
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
