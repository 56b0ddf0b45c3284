import { clock, createController } from "../kit/clock.js";
import { getEventListeners } from "node:events";
import { TIMER_MS_MAX } from "../kit/abort.js";
import { lenienceMs } from "../kit/late-timer.js";

/** A call with its signal. */
export interface LimitedCall {
  readonly controller: AbortController;
  /** The time of the call's last sign of life; `undefined` while the time limit of the call is not running. */
  heardAt: number | undefined;
  /** Called when the call expires, with the time of its last sign of life. */
  onExpire: (heardAt: number) => void;
}

const KEPT_MAX = 64;

/**
 * One time limit for many calls. A timer and a signal for each call would cost as much as a small read from a local disk.
 * Therefore one timer serves all calls. A signal that was not aborted and has no listeners is used again for the next call.
 */
export class CallLimit {
  readonly #limitMs: number;
  /** Every call object, running or free. `close` aborts the running calls. */
  readonly #calls = new Set<LimitedCall>();
  readonly #free: LimitedCall[] = [];
  #waitedFor = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The time at which the timer should fire. */
  #dueAt = 0;
  /** True if the timer has fired late and is waiting again. */
  #isLenient = false;
  #isClosed = false;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Starts the time limit of a call. */
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

  /** Starts the time limit of a call again. Only `onExpire` may call this function. */
  again(call: LimitedCall): void {
    call.heardAt = clock.now();
    this.#waitedFor++;
  }

  /** Stops the time limit of a call that has settled or was abandoned. */
  end(call: LimitedCall): void {
    if (call.heardAt === undefined) return;
    call.heardAt = undefined;
    if (--this.#waitedFor > 0) return;
    // The timer is kept for the next call, but does not keep the process alive.
    this.#timer?.unref();
    if (this.#isClosed) clock.clearTimeout(this.#timer);
  }

  /**
   * Frees a call object after `end`, so that the next call can use the same signal. The call must have settled, and its
   * result must no longer use the signal.
   */
  give(call: LimitedCall): void {
    const { signal } = call.controller;
    const isFree = !signal.aborted && getEventListeners(signal, "abort").length === 0;
    if (!isFree || this.#free.length >= KEPT_MAX || this.#isClosed) return this.forget(call);
    call.onExpire = nothing;
    this.#free.push(call);
  }

  /** Never uses a call object again, because the inner call may still hold its signal. */
  forget(call: LimitedCall): void {
    this.#calls.delete(call);
  }

  /** Aborts every call whose object is still in use, and clears the timer. */
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

  /**
   * Ends the calls whose time is up, and sets the timer for the next call. All calls have the same time limit, so the calls that
   * began first expire first.
   */
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
