import type { VirtualTime } from "./virtual-time.js";

/** What a dead process waits for. */
export function forever(): Promise<never> {
  return new Promise<never>(() => {});
}

/** One process of several: it dies, and it may be stopped for a while and go on. */
export class ProcessLife {
  isAlive = true;
  #stoppedUntil = 0;

  constructor(
    readonly id: string,
    private readonly time: VirtualTime,
  ) {}

  get isRunning(): boolean {
    return this.isAlive && this.time.now >= this.#stoppedUntil;
  }

  /** Stops the process for so long, at whatever step it is. */
  stop(milliseconds: number): void {
    this.#stoppedUntil = this.time.now + milliseconds;
  }

  /** Resolves when the process goes on; never when it is dead. */
  async running(): Promise<void> {
    while (this.isAlive && !this.isRunning) await this.time.sleep(this.#stoppedUntil - this.time.now);
    if (!this.isAlive) await forever();
  }
}
