import { clock } from "./clock.js";

/** The delay from which a timer counts as late, in milliseconds. A late timer shows that this process was busy or suspended. */
const LATE_MS = 100;

/**
 * Returns how long a timer must wait again after it has fired late, in milliseconds. The additional wait gives the process time
 * to read answers that arrived in the meantime. Returns 0 for a timer that was on time.
 *
 * @param dueAt - The time at which the timer should have fired, on the monotonic clock.
 * @param limitMs - The original time of the timer. The additional wait is at most half of this time.
 */
export function lenienceMs(dueAt: number, limitMs: number): number {
  const lateMs = clock.now() - dueAt;
  return lateMs < LATE_MS ? 0 : Math.min(lateMs, limitMs / 2);
}
