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
  /** The facts of a file that was just written, its time moved on a little when they were given out before. */
  readonly distinct: (fd: number, facts: BigIntStats) => BigIntStats;
}

/**
 * File systems stamp files with a clock of some milliseconds' grain, and give the number of a deleted file to
 * the next: the third version of a key can look exactly like the first. What was given out for the present
 * tick of the clock is remembered, and a repetition gets a later time.
 */
export function createGenerations(): Generations {
  let tick = 0n;
  let given = new Set<string>();
  const remember = (facts: BigIntStats): boolean => {
    if (facts.mtimeNs > tick) {
      tick = facts.mtimeNs;
      given = new Set();
    }
    const name = `${facts.ino}-${facts.size}-${facts.mtimeNs}`;
    if (given.has(name)) return false;
    given.add(name);
    return true;
  };
  return {
    distinct: (fd, facts) => {
      let now = facts;
      while (!remember(now)) {
        // A second's fraction as a number keeps steps of a microsecond, whatever the file system rounds to.
        fs.futimesSync(fd, Number(now.atimeNs) / 1e9, Number(now.mtimeNs + 10_000n) / 1e9);
        now = fs.fstatSync(fd, { bigint: true });
      }
      return now;
    },
  };
}
