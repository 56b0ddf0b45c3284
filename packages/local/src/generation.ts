import { clock } from "@stowage/core/provider";
import fs, { type BigIntStats } from "node:fs";
import { isDeniedByNode } from "./errno.js";
import { isLacking } from "./system-errors.js";

/**
 * The facts that tell one version of a file from every other. They change with each write. Copying a file keeps only
 * some of them.
 */
export interface Generation {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  /** The time at which the file system last changed the facts of the file. It is not part of the generation's name. */
  readonly ctimeNs: bigint;
}

/** Returns the strong ETag of a generation. Two versions of a key never have the same ETag. */
export function etagOf({ ino, size, mtimeNs }: Generation): string {
  return `"${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}"`;
}

/** Returns the name of a generation in a folder of sidecars. */
export function generationName({ ino, size, mtimeNs }: Generation): string {
  return `${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}`;
}

/** A register that keeps the generations apart that one process makes. */
export interface Generations {
  /**
   * Returns the facts of a file that was just written for a key. Moves the file's time on a little when an earlier
   * version of the key has the same size and time.
   */
  readonly distinct: (key: string, facts: BigIntStats, withTime: WithTime) => BigIntStats;
}

/**
 * A function that sets a file's time, in microseconds, and returns the facts of the file after that; `undefined` where
 * times cannot be set.
 */
export type WithTime = (facts: BigIntStats, microseconds: bigint) => BigIntStats | undefined;

/** The first step by which a time is moved, in microseconds. */
const STEP_US = 10n;

/** The limit of a step, in microseconds: ten minutes. A time that has not moved by then cannot be moved. */
const STEP_MAX_US = 600_000_000n;

/**
 * Returns a register that remembers the sizes and times that were given out lately, and gives a repetition a later
 * time.
 *
 * File systems stamp files with a clock whose grain is some milliseconds, and give the inode number of a deleted file
 * to the next file. So the third version of a key can look exactly like the first. The register leaves the inode number
 * out: the facts of a restored file, which has a new inode number, are then those of no other version.
 */
export function createGenerations(): Generations {
  const given = createRecent();
  return {
    distinct: (key, facts, withTime) => {
      const nameAt = (microseconds: bigint): string => `${facts.size}-${microseconds}-${key}`;
      let now = facts;
      // Where the file system keeps times in seconds, only a longer step changes the time.
      for (let step = STEP_US; given.has(nameAt(now.mtimeNs / 1000n)) && step < STEP_MAX_US; step *= 2n) {
        let next = now.mtimeNs / 1000n + step;
        while (given.has(nameAt(next))) next += step;
        const moved = withTime(now, next);
        // A file system that cannot set times keeps the repetition.
        if (moved === undefined) break;
        now = moved;
      }
      given.add(nameAt(now.mtimeNs / 1000n));
      return now;
    },
  };
}

/** Returns a function that sets the time of an open file. */
export function withTimeOf(fd: number, path: string): WithTime {
  return (facts, microseconds) => {
    try {
      fs.futimesSync(fd, Number(facts.atimeNs) / 1e9, toSeconds(microseconds));
    } catch (error) {
      // Node's permission model allows this by the path alone.
      if (isLacking(error)) return undefined;
      if (!isDeniedByNode(error)) throw error;
      return withTimeAt(path)(facts, microseconds);
    }
    return fs.fstatSync(fd, { bigint: true });
  };
}

/** Returns a function that sets the time of a closed file. */
export function withTimeAt(path: string): WithTime {
  return ({ atimeNs }, microseconds) => {
    try {
      fs.utimesSync(path, Number(atimeNs) / 1e9, toSeconds(microseconds));
    } catch (error) {
      if (isLacking(error)) return undefined;
      throw error;
    }
    return fs.lstatSync(path, { bigint: true });
  };
}

/** Returns a time in seconds. The number is exact to a quarter of a microsecond, so it aims at the middle of the microsecond. */
function toSeconds(microseconds: bigint): number {
  return Number(microseconds * 1000n + 500n) / 1e9;
}

/** The shortest time for which a name is remembered, in milliseconds. It is far longer than the grain of any clock. */
const REMEMBERED_MS = 1000;

interface Recent {
  readonly has: (name: string) => boolean;
  readonly add: (name: string) => void;
}

function createRecent(): Recent {
  let [names, older] = [new Set<string>(), new Set<string>()];
  let since = clock.now();
  return {
    has: (name) => names.has(name) || older.has(name),
    add: (name) => {
      const now = clock.now();
      if (now - since > REMEMBERED_MS) {
        [names, older] = [new Set(), names];
        since = now;
      }
      names.add(name);
    },
  };
}
