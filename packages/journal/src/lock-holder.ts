import { readFileSync, statSync } from "node:fs";

/** The byte of the WAL index that a writer locks. @see https://www.sqlite.org/walformat.html, section 2.3 */
const WRITE_LOCK_BYTE = "120";

/**
 * Returns a text that names the process for which a writer waits, because that process holds the lock. Returns `undefined` if
 * that process cannot be found. The process is found in Linux's list of file locks.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_locks.5.html
 */
export function lockHolder(path: string): string | undefined {
  try {
    const { ino } = statSync(`${path}-shm`);
    for (const line of readFileSync("/proc/locks", "utf8").split("\n")) {
      const [, , , access, pid, file, start] = line.trim().split(/\s+/);
      if (access !== "WRITE" || start !== WRITE_LOCK_BYTE || file?.split(":").at(-1) !== String(ino))
        continue;
      return `the process ${pid} has locked the file for too long: is the process suspended?`;
    }
  } catch {
    // This system has no list of locks.
  }
  return undefined;
}
