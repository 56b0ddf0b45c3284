import { closeSync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** The log of a database in WAL mode. It is synced outside of transactions. */
export interface SyncedLog {
  /**
   * Waits until everything that was committed is on the disk.
   *
   * @throws Error `UNSYNCED` if the disk fails to confirm this. Then it is unknown which data survives a loss of power.
   */
  readonly sync: () => void;
  readonly close: () => void;
}

/**
 * Opens the log of a database for syncing. SQLite itself would sync the log inside the transaction. If the process were
 * suspended at that point, it would block every writer of the file. The log can be closed at any time, because SQLite holds no
 * lock on it.
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

/**
 * Makes sure that the name of the log survives a loss of power. Does nothing on Windows, which cannot open folders and does not need this.
 */
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
