import { clock } from "./clock.js";

/**
 * The lateness from which on a timer counts as late, in milliseconds. A late timer shows that this process was busy, or was
 * stopped.
 */
const LATE_MS = 100;

/**
 * Returns how long a timer that has fired late waits once more, in milliseconds. Answers that came meanwhile have not been read
 * yet. Returns 0 for a timer that was on time.
 *
 * @param dueAt - The time at which the timer should have fired, by the monotonic clock.
 * @param limitMs - The time for which the timer waited. It waits at most half of that once more.
 */
export function lenienceMs(dueAt: number, limitMs: number): number {
  const lateMs = clock.now() - dueAt;
  return lateMs < LATE_MS ? 0 : Math.min(lateMs, limitMs / 2);
}
