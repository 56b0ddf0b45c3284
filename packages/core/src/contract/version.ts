/**
 * The time of a write by the journal's own clock: 12 hexadecimal digits of milliseconds since 1970, and 4 that count within one
 * millisecond. A later version is greater, even when compared as text, in every process and after every step of the system's
 * clock.
 */
export type Version = string;

const COUNTER_DIGITS = 4;
const COUNTER_SPAN = 16 ** COUNTER_DIGITS;
const VERSION_DIGITS = 16;

/**
 * Returns the version that follows `last`. It is of this moment, or directly follows `last` when the clock stands still or goes
 * back.
 */
export function nextVersion(last: Version | undefined, now: number): Version {
  const wanted = BigInt(Math.max(0, Math.floor(now))) * BigInt(COUNTER_SPAN);
  const next = last === undefined ? 0n : BigInt(`0x${last}`) + 1n;
  return (wanted > next ? wanted : next).toString(16).padStart(VERSION_DIGITS, "0");
}

/** Returns the time at which a version was made, by the journal's clock, in milliseconds since 1970. */
export function millisecondsOf(version: Version): number {
  return Number.parseInt(version.slice(0, -COUNTER_DIGITS), 16);
}
