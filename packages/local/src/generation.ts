import { clock } from "@stowage/core/provider";
import fs, { type BigIntStats } from "node:fs";
import { isDeniedByNode } from "./errno.js";
import { isLacking } from "./system-errors.js";

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
  readonly distinct: (key: string, facts: BigIntStats, withTime: WithTime) => BigIntStats;
}

/** Sets a file's time, in microseconds, and gives its facts after that; `undefined` where times cannot be set. */
export type WithTime = (facts: BigIntStats, microseconds: bigint) => BigIntStats | undefined;

/** How far a time is moved, in microseconds. */
const STEP_US = 10n;

/** A time that has not moved by so much, in microseconds, does not move: ten minutes. */
const STEP_MAX_US = 600_000_000n;

/**
 * File systems stamp files with a clock of some milliseconds' grain, and give the number of a deleted file to
 * the next: the third version of a key can look exactly like the first. What was given out lately is
 * remembered, and a repetition gets a later time. The number of the file is left out, so that the facts of a
 * restored file, which has a new number, are those of no other version.
 */
export function createGenerations(): Generations {
  const given = createRecent();
  return {
    distinct: (key, facts, withTime) => {
      const nameAt = (microseconds: bigint): string => `${facts.size}-${microseconds}-${key}`;
      let now = facts;
      // Where times are kept in seconds it takes a longer step until one is seen.
      for (let step = STEP_US; given.has(nameAt(now.mtimeNs / 1000n)) && step < STEP_MAX_US; step *= 2n) {
        let next = now.mtimeNs / 1000n + step;
        while (given.has(nameAt(next))) next += step;
        const moved = withTime(now, next);
        // A file system that sets no times cannot be helped.
        if (moved === undefined) break;
        now = moved;
      }
      given.add(nameAt(now.mtimeNs / 1000n));
      return now;
    },
  };
}

/** Sets the time of an open file. */
export function withTimeOf(fd: number, path: string): WithTime {
  return (facts, microseconds) => {
    try {
      fs.futimesSync(fd, Number(facts.atimeNs) / 1e9, toSeconds(microseconds));
    } catch (error) {
      // Node's permission model allows it by the path alone.
      if (isLacking(error)) return undefined;
      if (!isDeniedByNode(error)) throw error;
      return withTimeAt(path)(facts, microseconds);
    }
    return fs.fstatSync(fd, { bigint: true });
  };
}

/** Sets the time of a file that is closed. */
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

/** Returns a time as a number. It is exact to a quarter of a microsecond, so the middle of one is aimed at. */
function toSeconds(microseconds: bigint): number {
  return Number(microseconds * 1000n + 500n) / 1e9;
}

/** For how long at least a name is remembered, in milliseconds: far longer than the grain of any clock. */
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
