import { clock, createController } from "../kit/clock.js";
import { getEventListeners } from "node:events";
import { TIMER_MS_MAX } from "../kit/abort.js";
import { lenienceMs } from "../kit/late-timer.js";

/** A call with its signal. */
export interface LimitedCall {
  readonly controller: AbortController;
  /** When it last gave a sign of life; `undefined` when it is not waited for. */
  heardAt: number | undefined;
  /** Called with the time of its last sign of life. */
  onExpire: (heardAt: number) => void;
}

const KEPT_MAX = 64;

/**
 * One limit of time for many calls. A timer and a signal for each of them would cost as much as a small read
 * from a local disk: so one timer looks after all of them, and a signal that was not aborted, and that nobody
 * listens to any more, serves the next call too.
 */
export class CallLimit {
  readonly #limitMs: number;
  /** Those that `close` aborts, with those that are free. */
  readonly #calls = new Set<LimitedCall>();
  readonly #free: LimitedCall[] = [];
  #waitedFor = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer should fire. */
  #dueAt = 0;
  /** Whether the timer has fired late, and waits once more. */
  #isLenient = false;
  #isClosed = false;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Begins to wait for a call. */
  begin(onExpire: LimitedCall["onExpire"]): LimitedCall {
    const call = this.#free.pop() ?? this.#make();
    call.onExpire = onExpire;
    call.heardAt = clock.now();
    if (this.#waitedFor++ === 0) {
      if (this.#timer === undefined) this.#lookIn(this.#limitMs);
      else this.#timer.ref();
    }
    return call;
  }

  /** Waits for a call as long again. To be called while it expires. */
  again(call: LimitedCall): void {
    call.heardAt = clock.now();
    this.#waitedFor++;
  }

  /** Waits for it no longer: it has settled, or was left to itself. */
  end(call: LimitedCall): void {
    if (call.heardAt === undefined) return;
    call.heardAt = undefined;
    if (--this.#waitedFor > 0) return;
    // Kept for the next call, but no process waits for it.
    this.#timer?.unref();
    if (this.#isClosed) clock.clearTimeout(this.#timer);
  }

  /** The call, already ended, has settled, and nothing that it returned still looks at the signal. */
  give(call: LimitedCall): void {
    const { signal } = call.controller;
    const isFree = !signal.aborted && getEventListeners(signal, "abort").length === 0;
    if (!isFree || this.#free.length >= KEPT_MAX || this.#isClosed) return this.forget(call);
    call.onExpire = nothing;
    this.#free.push(call);
  }

  /** As `give`, for a signal that somebody may still hold. */
  forget(call: LimitedCall): void {
    this.#calls.delete(call);
  }

  /** Aborts every call that has not been given back, and lets go of the timer. */
  close(reason: unknown): void {
    this.#isClosed = true;
    for (const call of this.#free.splice(0)) this.forget(call);
    for (const { controller } of this.#calls) controller.abort(reason);
    if (this.#waitedFor === 0) clock.clearTimeout(this.#timer);
  }

  #make(): LimitedCall {
    const call = { controller: createController(), heardAt: undefined, onExpire: nothing };
    this.#calls.add(call);
    return call;
  }

  #lookIn(milliseconds: number): void {
    const waitMs = Math.min(milliseconds, TIMER_MS_MAX);
    this.#dueAt = clock.now() + waitMs;
    this.#timer = clock.setTimeout(() => this.#look(), waitMs);
  }

  /** Calls last equally long, so none that begins later ends before the one that was waited for. */
  #look(): void {
    this.#timer = undefined;
    const onceMoreMs = this.#isLenient ? 0 : lenienceMs(this.#dueAt, this.#limitMs);
    this.#isLenient = onceMoreMs > 0 && this.#waitedFor > 0;
    if (this.#isLenient) return this.#lookIn(onceMoreMs);
    const now = clock.now();
    let soonestMs = this.#limitMs;
    for (const call of this.#calls) {
      if (call.heardAt === undefined) continue;
      const leftMs = call.heardAt + this.#limitMs - now;
      // Node's timers may be up to a millisecond early.
      if (leftMs < 1) this.#expire(call);
      else soonestMs = Math.min(soonestMs, leftMs);
    }
    if (this.#waitedFor > 0) this.#lookIn(soonestMs);
  }

  #expire(call: LimitedCall): void {
    const { heardAt = 0 } = call;
    this.end(call);
    call.onExpire(heardAt);
  }
}

function nothing(): void {}
