/** The smallest clock difference that is corrected, in milliseconds. S3 itself allows 15 minutes. */
const SKEW_MS_MIN = 5 * 60_000;

/** A clock that shows the server's time. The server's answers set this clock. */
export class ServerClock {
  #offsetMs = 0;

  /** The time by which the server's clock is ahead of this machine's clock, in milliseconds. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Compares the clocks. A small difference is left as it is, because answers need time. */
  learn(date: string | undefined): void {
    if (date === undefined) return;
    const server = Date.parse(date);
    if (Number.isNaN(server)) return;
    if (Math.abs(server - this.now()) >= SKEW_MS_MIN) this.#offsetMs = server - Date.now();
  }
}
