import { etagOf, type FileVersion, type Generation } from "./generation.js";

const NAME = /^([0-9a-z]+)-(-?[0-9a-z]+)-([0-9a-z]+)\.json$/;

/** Returns the version that the name of a sidecar contains. Returns `undefined` for other files. */
export function recordedIn(name: string): FileVersion | undefined {
  const [, size, mtime, ino] = NAME.exec(name) ?? [];
  if (size === undefined || mtime === undefined || ino === undefined) return undefined;
  return { size: parse(size), mtimeNs: parse(mtime), ino: parse(ino) };
}

function parse(text: string): bigint {
  const digits = Array.from(text.replace("-", ""));
  const value = digits.reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n);
  return text.startsWith("-") ? -value : value;
}

/**
 * The distance, in nanoseconds, below which two times count as the same. Programs that store times as floating-point
 * numbers round them by about this much.
 */
const ROUNDING_NS = 1000n;

/**
 * The units, in nanoseconds, to which backups and file systems round a time: milliseconds, seconds (tar), two seconds
 * (zip, FAT).
 *
 * @see https://pkware.cachefly.net/webdocs/APPNOTE/APPNOTE-6.3.10.TXT (4.4.6)
 */
const GRAINS_NS = [1_000_000n, 1_000_000_000n, 2_000_000_000n] as const;

/**
 * Tells whether a file may be a restored copy of a recorded version. Such a file has the recorded size. Its time is the
 * recorded time, which a backup may have rounded.
 */
export function mayBeRestored(recorded: FileVersion, found: Generation): boolean {
  return recorded.size === found.size && isKeptOf(recorded.mtimeNs, found.mtimeNs);
}

function isKeptOf(before: bigint, after: bigint): boolean {
  const difference = before < after ? after - before : before - after;
  if (difference < ROUNDING_NS) return true;
  return GRAINS_NS.some((grain) => difference < grain && after % grain === 0n);
}

/**
 * The minimum distance, in nanoseconds, between the modification time of a restored file and its change time (`ctime`). A
 * restore sets the modification time to the old time, but cannot set the change time.
 */
const RESTORED_NS = 2_000_000_000n;

/**
 * Tells whether a file is certainly a restored copy of a recorded version. The answer needs no sample of the file's
 * bytes.
 */
export function isRestored(recorded: FileVersion, found: Generation): boolean {
  const isSame = recorded.size === found.size && recorded.mtimeNs === found.mtimeNs;
  return isSame && found.ctimeNs - found.mtimeNs >= RESTORED_NS;
}

/** A cache that remembers which sidecar belongs to a restored file. */
export interface Restored {
  readonly get: (key: string, generation: Generation) => string | undefined;
  readonly set: (key: string, generation: Generation, name: string) => void;
}

const REMEMBERED_MAX = 10_000;

/**
 * Returns a cache that remembers which sidecar belongs to a restored file. With the cache, the bytes of the file are
 * read only once.
 */
export function createRestored(): Restored {
  const names = new Map<string, string>();
  return {
    get: (key, generation) => (names.size === 0 ? undefined : names.get(etagOf(generation) + key)),
    set: (key, generation, name) => {
      if (names.size >= REMEMBERED_MAX) names.clear();
      names.set(etagOf(generation) + key, name);
    },
  };
}
