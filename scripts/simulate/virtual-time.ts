import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { clock } from "./core.js";

/** A process whose timers wait while it is stopped. */
export interface Owner {
  readonly isRunning: boolean;
  readonly isAlive: boolean;
  /** Until when it is stopped. */
  readonly stoppedUntil: number;
}

interface Timer {
  at: number;
  order: number;
  readonly repeatMs: number | undefined;
  readonly call: () => void;
  readonly owner: Owner | undefined;
  stopped: boolean;
}

/**
 * Time that stands still while anything is to be done, and then jumps to the next timer. In its place are the timers,
 * the clock and the random numbers of the process, so that what runs under it is the code as it is, and the same
 * seed gives the same history.
 */
export class VirtualTime {
  #now = 0;
  #order = 0;
  #timers: Timer[] = [];
  readonly #owners = new AsyncLocalStorage<Owner>();
  /** How far the system's clock is off: it may be set forward and back. */
  clockOffset = 0;

  get now(): number {
    return this.#now;
  }

  /** @returns What puts the real ones back. */
  install(random: () => number): () => void {
    const real = { setTimeout, setInterval, clearTimeout, clearInterval, now: Date.now, random: Math.random };
    const clear = (timer: unknown): void => {
      if (timer !== undefined && timer !== null) (timer as { stop: () => void }).stop();
    };
    const timers = {
      setTimeout: (call: () => void, ms = 0) => this.#add(call, ms, undefined, this.#owners.getStore()),
      setInterval: (call: () => void, ms = 0) => this.#add(call, ms, ms, this.#owners.getStore()),
      clearTimeout: clear,
      clearInterval: clear,
    };
    const realClock = { ...clock };
    Object.assign(globalThis, timers);
    Object.assign(clock, timers, { now: () => this.#now });
    Date.now = () => START + this.#now + this.clockOffset;
    Math.random = random;
    Object.defineProperty(performance, "now", { value: () => this.#now, configurable: true });
    return () => {
      const { now, random: realRandom, ...realTimers } = real;
      Object.assign(globalThis, realTimers);
      Object.assign(clock, realClock);
      Date.now = now;
      Math.random = realRandom;
      Reflect.deleteProperty(performance, "now");
      this.#timers = [];
    };
  }

  /** Waits in virtual time. */
  readonly sleep = async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => void this.#add(resolve, ms, undefined));
  };

  /** Runs work of a process: the timers that it sets wait while the process is stopped. */
  within<T>(owner: Owner, work: () => T): T {
    return this.#owners.run(owner, work);
  }

  /** Lets time pass until something has settled; throws when nothing is left that could settle it. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled: { readonly value: T } | { readonly error: unknown } | undefined;
    promise.then(
      (value) => (settled = { value }),
      (error: unknown) => (settled = { error }),
    );
    for (;;) {
      await turn();
      if (settled !== undefined) break;
      this.#fireNext();
    }
    if ("error" in settled) throw settled.error;
    return settled.value;
  }

  #add(
    call: () => void,
    ms: number,
    repeatMs: number | undefined,
    owner?: Owner,
  ): { unref: () => unknown; stop: () => void } {
    const timer: Timer = {
      at: this.#now + Math.max(0, ms),
      order: this.#order++,
      repeatMs,
      call,
      owner,
      stopped: false,
    };
    this.#insert(timer);
    const handle = {
      stop: () => void (timer.stopped = true),
      unref: () => handle,
      ref: () => handle,
    };
    return handle;
  }

  /** In the order in which they are due; of one moment, in the order in which they were made. */
  #insert(timer: Timer): void {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timers[middle] as Timer).at <= timer.at) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
  }

  #fireNext(): void {
    let next: Timer | undefined;
    do next = this.#timers.shift();
    while (next?.stopped === true);
    if (next === undefined) throw new Error("Nothing is left that could happen: a call hangs");
    this.#now = Math.max(this.#now, next.at);
    if (next.owner?.isRunning === false) {
      this.#postpone(next, next.owner);
      return;
    }
    if (next.repeatMs !== undefined) this.#repeat(next, next.repeatMs);
    next.call();
  }

  /** A timer of a process that is stopped fires when the process goes on; of one that is dead never. */
  #postpone(timer: Timer, { isAlive, stoppedUntil }: Owner): void {
    if (!isAlive) return;
    timer.at = stoppedUntil;
    this.#insert(timer);
  }

  /** The same timer, so that stopping it once stops it for good. */
  #repeat(timer: Timer, repeatMs: number): void {
    timer.at = this.#now + repeatMs;
    timer.order = this.#order++;
    this.#insert(timer);
  }
}

/** Any moment will do. */
const START = 1_780_000_000_000;
