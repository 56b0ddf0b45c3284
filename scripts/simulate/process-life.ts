import type { VirtualTime } from "./virtual-time.js";

/** What a dead process waits for. */
export function forever(): Promise<never> {
  return new Promise<never>(() => {});
}

/** One process of several: it dies, and it may be stopped for a while and go on. */
export class ProcessLife {
  isAlive = true;
  #stoppedUntil = 0;
  #stopAtWriteMs: number | undefined;

  constructor(
    readonly id: string,
    private readonly time: VirtualTime,
  ) {}

  get stoppedUntil(): number {
    return this.#stoppedUntil;
  }

  get isRunning(): boolean {
    return this.isAlive && this.time.now >= this.#stoppedUntil;
  }

  /** Stops the process for so long, at whatever step it is. */
  stop(milliseconds: number): void {
    this.#stoppedUntil = this.time.now + milliseconds;
  }

  /**
   * Stops the process when it is about to send its next write: between its last look at the journal and the request. `undefined` takes that
   * back.
   */
  stopAtWrite(milliseconds: number | undefined): void {
    this.#stopAtWriteMs = milliseconds;
  }

  /** Resolves when the process sends a request: a write may be the one at which it is stopped. */
  async calling(isWrite: boolean): Promise<void> {
    if (isWrite && this.#stopAtWriteMs !== undefined) {
      this.stop(this.#stopAtWriteMs);
      this.#stopAtWriteMs = undefined;
    }
    await this.running();
  }

  /** Resolves when the process goes on; never when it is dead. */
  async running(): Promise<void> {
    while (this.isAlive && !this.isRunning) await this.time.sleep(this.#stoppedUntil - this.time.now);
    if (!this.isAlive) await forever();
  }
}
