import { statSync } from "node:fs";

/** The files of a database that is open: when one of them is another, what is written goes where nobody finds it again. */
const ENDINGS: readonly string[] = ["", "-wal", "-shm"];

/** Returns a question: whether a database that is open still has the files that it was opened with. */
export function watchFiles(path: string): () => boolean {
  const known = new Map<string, string>();
  return () =>
    ENDINGS.every((ending) => {
      const found = statSync(`${path}${ending}`, { throwIfNoEntry: false, bigint: true });
      if (found === undefined) return false;
      const id = `${found.dev}:${found.ino}`;
      const was = known.get(ending) ?? id;
      known.set(ending, was);
      return was === id;
    });
}
