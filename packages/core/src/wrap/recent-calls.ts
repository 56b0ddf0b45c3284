/**
 * The number of slices of time in a window. With ten slices, a call counts for at least nine tenths of the window's
 * length.
 */
const SLICES = 10;

/** The calls of one slice of time. */
interface Slice {
  readonly beganAt: number;
  calls: number;
  failed: number;
}

/**
 * A counter of the recent calls and of the failed calls among them. The counter works in slices of time. For a fast provider, a
 * list of single calls would have hundreds of thousands of entries and would slow down every call.
 */
export class RecentCalls {
  readonly #windowMs: number;
  #slices: Slice[] = [];

  /** @param windowMs - How long a call counts, in milliseconds. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Counts a call that ended at `now`. */
  add(now: number, hasFailed: boolean): void {
    let slice = this.#slices.at(-1);
    if (slice === undefined || now - slice.beganAt >= this.#windowMs / SLICES) {
      slice = { beganAt: now, calls: 0, failed: 0 };
      this.#slices = this.#slices.filter(({ beganAt }) => this.#counts(beganAt, now));
      this.#slices.push(slice);
    }
    slice.calls++;
    if (hasFailed) slice.failed++;
  }

  /** Returns how many calls count at `now`, and how many of these have failed. */
  countsAt(now: number): { readonly calls: number; readonly failed: number } {
    const counted = { calls: 0, failed: 0 };
    for (const { beganAt, calls, failed } of this.#slices) {
      if (!this.#counts(beganAt, now)) continue;
      counted.calls += calls;
      counted.failed += failed;
    }
    return counted;
  }

  /** Forgets all calls. */
  forget(): void {
    this.#slices = [];
  }

  #counts(beganAt: number, now: number): boolean {
    return now - beganAt <= this.#windowMs;
  }
}
