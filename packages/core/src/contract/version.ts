/**
 * When something was written, by the journal's own clock: 12 hexadecimal digits of milliseconds since 1970, and 4
 * that count within one millisecond. Later is greater, as a text too, in every process and after every step
 * of the system's clock.
 */
export type Version = string;

const COUNTER_DIGITS = 4;
const COUNTER_SPAN = 16 ** COUNTER_DIGITS;
const VERSION_DIGITS = 16;

/** The version after `last`: of this moment, or when the clock stands still or goes back, the very next. */
export function nextVersion(last: Version | undefined, now: number): Version {
  const wanted = BigInt(Math.max(0, Math.floor(now))) * BigInt(COUNTER_SPAN);
  const next = last === undefined ? 0n : BigInt(`0x${last}`) + 1n;
  return (wanted > next ? wanted : next).toString(16).padStart(VERSION_DIGITS, "0");
}

/** When a version was made, by the journal's clock. */
export function millisecondsOf(version: Version): number {
  return Number.parseInt(version.slice(0, -COUNTER_DIGITS), 16);
}
