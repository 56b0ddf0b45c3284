/**
 * The time of a write on the journal's own clock: 12 hexadecimal digits for the milliseconds since 1970, then 4 digits for the
 * number of the version within its millisecond. A later version is always greater, even when versions are compared as text. This
 * holds in every process and after every change of the system's clock.
 */
export type Version = string;

const COUNTER_DIGITS = 4;
const COUNTER_SPAN = 16 ** COUNTER_DIGITS;
const VERSION_DIGITS = 16;

/**
 * Returns the next version after `last`, with the current time. If the clock stands still or goes back, the version is
 * the direct successor of `last`.
 */
export function nextVersion(last: Version | undefined, now: number): Version {
  const wanted = BigInt(Math.max(0, Math.floor(now))) * BigInt(COUNTER_SPAN);
  const next = last === undefined ? 0n : BigInt(`0x${last}`) + 1n;
  return (wanted > next ? wanted : next).toString(16).padStart(VERSION_DIGITS, "0");
}

/** Returns the time at which a version was made, on the journal's clock, in milliseconds since 1970. */
export function millisecondsOf(version: Version): number {
  return Number.parseInt(version.slice(0, -COUNTER_DIGITS), 16);
}
