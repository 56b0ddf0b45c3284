import { readFileSync, statSync } from "node:fs";

/** The byte of the WAL index that whoever writes has locked. @see https://www.sqlite.org/walformat.html, section 2.3 */
const WRITE_LOCK_BYTE = "120";

/**
 * Returns which process holds the lock that a writer waits for, in words; `undefined` where that cannot be found out. Linux lists
 * all locks of files.
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
      return `the process ${pid} has locked it, and does not let go: is it stopped?`;
    }
  } catch {
    // There is no such list here.
  }
  return undefined;
}
