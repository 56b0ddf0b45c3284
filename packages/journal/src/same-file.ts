import { statSync } from "node:fs";

/**
 * The endings of the files of an open database. If one of these files is replaced, writes go to the old file. The old file no
 * longer has a name, so no process can open it again.
 */
const ENDINGS: readonly string[] = ["", "-wal", "-shm"];

/** Returns a function that tells whether an open database still has the same files. The first call remembers the files. */
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
