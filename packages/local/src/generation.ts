import fs, { type BigIntStats } from "node:fs";

/** What tells one version of a file from every other: it changes with each write, and copying keeps part of it. */
export interface Generation {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  /** When the file system last changed its facts; not part of its name. */
  readonly ctimeNs: bigint;
}

/** A strong ETag: no two versions of a key have the same. */
export function etagOf({ ino, size, mtimeNs }: Generation): string {
  return `"${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}"`;
}

/** The name of a generation in a folder of sidecars. */
export function generationName({ ino, size, mtimeNs }: Generation): string {
  return `${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}`;
}

/** Keeps the generations that one process makes apart. */
export interface Generations {
  /**
   * The facts of a file that was just written for a key, its time moved on a little when another version of the
   * key has this size and time.
   */
  readonly distinct: (fd: number, key: string, facts: BigIntStats) => BigIntStats;
}

/**
 * File systems stamp files with a clock of some milliseconds' grain, and give the number of a deleted file to
 * the next: the third version of a key can look exactly like the first. What was given out for the present
 * tick of the clock is remembered, and a repetition gets a later time. The number of the file is left out, so
 * that the facts of a restored file, which has a new number, are those of no other version.
 */
export function createGenerations(): Generations {
  let tick = 0n;
  let given = new Set<string>();
  const remember = (key: string, facts: BigIntStats): boolean => {
    if (facts.mtimeNs > tick) {
      tick = facts.mtimeNs;
      given = new Set();
    }
    const name = `${facts.size}-${facts.mtimeNs}-${key}`;
    if (given.has(name)) return false;
    given.add(name);
    return true;
  };
  return {
    distinct: (fd, key, facts) => {
      let now = facts;
      while (!remember(key, now)) {
        // A second's fraction as a number keeps steps of a microsecond, whatever the file system rounds to.
        fs.futimesSync(fd, Number(now.atimeNs) / 1e9, Number(now.mtimeNs + 10_000n) / 1e9);
        now = fs.fstatSync(fd, { bigint: true });
      }
      return now;
    },
  };
}
