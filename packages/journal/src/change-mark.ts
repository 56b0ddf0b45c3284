import { fstatSync, readSync, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";

/** The first copy of the header of SQLite's WAL index: every commit writes another one, with a counter and a checksum. */
const HEADER_BYTES = 48;

/** The open files of this process, on Linux. */
const HANDLES = "/proc/self/fd";

/**
 * Returns a function that makes questions: whether something was committed to a journal, by any process, since the question was asked the last
 * time. An answer takes a tenth of the time that a query takes.
 *
 * The header is read by SQLite's own handle. A handle of our own would have to be closed some day, and a process that closes any handle of a file
 * loses every lock that SQLite holds on it: other processes would then take the index for one that nobody uses, and begin it anew. Where the handle
 * cannot be found, every answer is that something may have changed.
 *
 * @param path - Of a database in WAL mode that a connection of this process has open, for as long as questions are asked.
 * @see https://www.sqlite.org/walformat.html, section 2
 * @see https://www.sqlite.org/howtocorrupt.html, section 2.2
 */
export function watchChanges(path: string): () => () => boolean {
  const handle = handleOf(`${path}-shm`);
  return handle === undefined ? () => () => true : () => watchFor(handle);
}

/** Finds the handle that SQLite has of a file. */
function handleOf(path: string): number | undefined {
  try {
    const name = realpathSync(path);
    const { dev, ino } = statSync(name);
    return readdirSync(HANDLES)
      .filter((handle) => targetOf(handle) === name)
      .map(Number)
      .find((handle) => {
        const facts = fstatSync(handle);
        return facts.dev === dev && facts.ino === ino;
      });
  } catch {
    return undefined;
  }
}

function targetOf(handle: string): string | undefined {
  try {
    return readlinkSync(`${HANDLES}/${handle}`);
  } catch {
    // The handle by which the folder is read is gone by now.
    return undefined;
  }
}

function watchFor(file: number): () => boolean {
  const last = Buffer.alloc(HEADER_BYTES);
  const now = Buffer.alloc(HEADER_BYTES);
  return () => {
    try {
      if (readSync(file, now, 0, HEADER_BYTES, 0) !== HEADER_BYTES) return true;
    } catch {
      return true;
    }
    if (now.equals(last)) return false;
    now.copy(last);
    return true;
  };
}
