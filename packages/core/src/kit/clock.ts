import { setMaxListeners } from "node:events";
import { performance } from "node:perf_hooks";
import * as timers from "node:timers";
import * as util from "node:util";

const now = performance.now.bind(performance);

/** A set of timers, and a monotonic clock. */
export interface Clock {
  readonly setTimeout: typeof setTimeout;
  readonly clearTimeout: typeof clearTimeout;
  readonly setInterval: typeof setInterval;
  readonly clearInterval: typeof clearInterval;
  readonly setImmediate: typeof setImmediate;
  /** Returns the milliseconds since some fixed moment. */
  readonly now: () => number;
}

/**
 * Node's own timers and monotonic clock, saved when this module is loaded. Test runners and simulated browsers replace
 * the global timers: fake timers stand still, and browser timers are numbers instead of objects. This package waits for
 * the disk or the network, and these waits must also end in such environments.
 */
export const clock: Clock = {
  setTimeout: timers.setTimeout,
  clearTimeout: timers.clearTimeout,
  setInterval: timers.setInterval,
  clearInterval: timers.clearInterval,
  setImmediate: timers.setImmediate,
  now: () => now(),
};

/** Resolves in the next turn of the event loop. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => void clock.setImmediate(resolve));
}

/**
 * Node's own `AbortController` class, even if the global class has been replaced. Other runtimes have only the global
 * class.
 */
const NativeController: typeof AbortController =
  (util.transferableAbortController?.().constructor as typeof AbortController | undefined) ?? AbortController;

/** Makes a controller for internal calls. Its signal may have any number of listeners without a warning. */
export function createController(): AbortController {
  const controller = new NativeController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** The listeners to one signal, and the single listener that Node sees. */
interface Hub {
  readonly listeners: Set<() => void>;
  readonly tellAll: () => void;
}

const hubs = new WeakMap<AbortSignal, Hub>();

/**
 * Calls a listener when a signal aborts. The returned function removes the listener. Node sees a single listener for
 * each signal, so Node never warns about a leak.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return nothing;
  const { listeners, tellAll } = hubOf(signal);
  // A listener that is added twice is called twice.
  const own = (): void => listener();
  if (listeners.size === 0) signal.addEventListener("abort", tellAll, { once: true });
  listeners.add(own);
  return () => {
    if (listeners.delete(own) && listeners.size === 0) signal.removeEventListener("abort", tellAll);
  };
}

function hubOf(signal: AbortSignal): Hub {
  const known = hubs.get(signal);
  if (known !== undefined) return known;
  const listeners = new Set<() => void>();
  const tellAll = (): void => {
    for (const each of Array.from(listeners)) each();
    listeners.clear();
  };
  const hub = { listeners, tellAll };
  hubs.set(signal, hub);
  return hub;
}

function nothing(): void {}
