import { clock } from "./clock.js";

/** A timer that is so late says that this process was busy, or was stopped, in milliseconds. */
const LATE_MS = 100;

/**
 * Returns for how long a timer that has fired late waits once more, in milliseconds: answers that came meanwhile have not been read
 * yet. 0 for a timer that was on time.
 *
 * @param dueAt - When it should have fired, by the monotonic clock.
 * @param limitMs - What it waited for: half of that is the most.
 */
export function lenienceMs(dueAt: number, limitMs: number): number {
  const lateMs = clock.now() - dueAt;
  return lateMs < LATE_MS ? 0 : Math.min(lateMs, limitMs / 2);
}
