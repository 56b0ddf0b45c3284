import { readFileSync, statSync } from "node:fs";

/** The byte of the WAL index that a writer locks. @see https://www.sqlite.org/walformat.html, section 2.3 */
const WRITE_LOCK_BYTE = "120";

/**
 * Returns a reason why a writer waits: a text that names the process that has locked the file. The process is found in
 * Linux's list of file locks. Returns `undefined` if the process is not in the list.
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
