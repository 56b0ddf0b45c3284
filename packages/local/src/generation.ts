import { clock } from "@stowage/core/provider";
import fs, { type BigIntStats } from "node:fs";
import { isDeniedByNode } from "./errno.js";
import { isLacking } from "./system-errors.js";

/**
 * The facts that distinguish one version of a file from all other versions. These facts change with each write. A copy
 * of the file shares only some of them.
 */
export interface FileVersion {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** The facts of a version, with the time of the last change of its facts. */
export interface Generation extends FileVersion {
  /**
   * The time at which the file system last changed the facts of the file. This time is not part of the generation's
   * name.
   */
  readonly ctimeNs: bigint;
}

/** Returns the strong ETag of a generation. Two versions of a key never have the same ETag. */
export function etagOf({ ino, size, mtimeNs }: FileVersion): string {
  return `"${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}"`;
}

/** Returns the name of a generation in a folder of sidecars. */
export function generationName({ ino, size, mtimeNs }: FileVersion): string {
  return `${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}`;
}

/** A register that makes sure that all generations from one process are different. */
export interface Generations {
  /**
   * Returns the facts of a file that was just written for a key. If an earlier version of the key has the same size and time,
   * sets the file's time a little later.
   */
  readonly distinct: (key: string, facts: BigIntStats, withTime: WithTime) => BigIntStats;
}

/**
 * A function that sets a file's time, in microseconds, and returns the new facts of the file. Returns `undefined` if the time
 * cannot be set.
 */
export type WithTime = (facts: BigIntStats, microseconds: bigint) => BigIntStats | undefined;

/** The smallest change of a time, in microseconds. */
const STEP_US = 10n;

/**
 * The limit of a step, in microseconds: ten minutes. If steps below this limit do not change the time, the time cannot be
 * changed.
 */
const STEP_MAX_US = 600_000_000n;

/**
 * Returns a register that remembers the sizes and times of recent files. A file with the same size and time as an earlier
 * version gets a later time.
 *
 * The clock of a file system advances only every few milliseconds, and a new file may get the inode number of a deleted
 * one. So the third version of a key can look exactly like the first. The register compares only sizes and times, not
 * inode numbers. A restored file gets a new inode number, but its size and time still identify one version.
 */
export function createGenerations(): Generations {
  const given = createRecent();
  return {
    distinct: (key, facts, withTime) => {
      const nameAt = (microseconds: bigint): string => `${facts.size}-${microseconds}-${key}`;
      let now = facts;
      // If the file system stores times in seconds, only a longer step changes the time.
      for (let step = STEP_US; given.has(nameAt(now.mtimeNs / 1000n)) && step < STEP_MAX_US; step *= 2n) {
        let next = now.mtimeNs / 1000n + step;
        while (given.has(nameAt(next))) next += step;
        const moved = withTime(now, next);
        // If the file system cannot set times, the two versions keep the same time.
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
      // Node's permission model allows this call only with a path.
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

/**
 * Returns a time in seconds. The precision of the number is only a quarter of a microsecond, so the number points to the middle
 * of the microsecond.
 */
function toSeconds(microseconds: bigint): number {
  return Number(microseconds * 1000n + 500n) / 1e9;
}

/**
 * The shortest time for which a name is remembered, in milliseconds. It is far longer than one tick of any file system's clock.
 */
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
