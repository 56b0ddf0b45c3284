import { clock, createController, onAbort } from "../kit/clock.js";
import { TIMER_MS_MAX, delay, linkedController } from "../kit/abort.js";
import { StorageError } from "../contract/errors.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import type { StorageEvent } from "../contract/event.js";
import type { Upkeep } from "../contract/upkeep.js";
import { wholeNumber } from "../kit/options.js";
import { checkNames } from "./option-names.js";
import type { RepairOptions } from "./storage-options.js";

/** A worker in this process that runs repair. */
export interface RepairWorker {
  /**
   * Resolves when no work is left. Also waits for work that is due later.
   *
   * @throws `signal.reason`, unchanged, when the signal aborts; StorageError `Unavailable` after `stop`.
   */
  readonly idle: (options?: { readonly signal?: AbortSignal | undefined }) => Promise<void>;
  /** Stops repair. The promise resolves when the keys in progress are done. */
  readonly stop: () => Promise<void>;
}

const POLL_MS = 5000;

/** The longest pause after a failed round, in milliseconds. */
const FAILURE_MS = 5000;

interface Worker {
  readonly upkeep: Upkeep;
  readonly name: string;
  readonly pollMs: number;
  readonly onEvent: ((event: StorageEvent) => void) | undefined;
  readonly stopping: AbortController;
  /** Called when work may be due sooner than expected. */
  wake: () => void;
  /** The callers that wait until no work is left. */
  readonly waiting: Set<() => void>;
}

/**
 * Starts a worker that does the remaining work of composers, until the worker is stopped. The worker does not keep the process
 * alive.
 */
export function startRepairWorker(
  provider: ComposedProvider,
  onEvent: ((event: StorageEvent) => void) | undefined,
  { pollMs = POLL_MS }: RepairOptions,
): RepairWorker {
  const { upkeep, name } = provider;
  wholeNumber("startRepair", "pollMs", pollMs, { least: 1 });
  if (upkeep === undefined) {
    const reason = "the storage has nothing to repair: add an expiry rule, or a composer with a journal";
    throw new StorageError("Unsupported", reason, { operation: "repair", provider: name });
  }
  const worker: Worker = {
    upkeep,
    name,
    pollMs,
    onEvent,
    stopping: createController(),
    wake: () => {},
    waiting: new Set(),
  };
  const running = run(worker);
  return {
    idle: async (options = {}) => {
      checkNames("idle", options);
      await idle(worker, options.signal);
    },
    stop: async () => {
      worker.stopping.abort();
      worker.wake();
      await running;
    },
  };
}

async function run(worker: Worker): Promise<void> {
  const { upkeep, stopping } = worker;
  let soonest = Number.POSITIVE_INFINITY;
  const end = upkeep.onWork((inMs) => {
    soonest = Math.min(soonest, inMs);
    worker.wake();
  });
  try {
    while (!stopping.signal.aborted) {
      soonest = Number.POSITIVE_INFINITY;
      const left = await oneRound(worker);
      if (left === undefined && soonest === Number.POSITIVE_INFINITY) tellAll(worker);
      await rest(worker, Math.min(left ?? worker.pollMs, soonest, worker.pollMs));
    }
  } finally {
    end();
    tellAll(worker);
  }
}

function tellAll({ waiting }: Worker): void {
  for (const tell of waiting) tell();
}

/** Runs one round of repair. @returns The number of milliseconds until the next work is due; `undefined` if no work is left. */
async function oneRound({ upkeep, onEvent, name }: Worker): Promise<number | undefined> {
  try {
    return await upkeep.repair({ onEvent });
  } catch (error) {
    onEvent?.({ type: "repairFailed", provider: name, error });
    return FAILURE_MS;
  }
}

/** Sleeps for the given time, or until the worker is woken. */
async function rest(worker: Worker, milliseconds: number): Promise<void> {
  if (worker.stopping.signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = clock.setTimeout(resolve, Math.max(0, milliseconds)).unref();
    worker.wake = () => {
      clock.clearTimeout(timer);
      resolve();
    };
  });
}

async function idle(worker: Worker, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (worker.stopping.signal.aborted) {
    const context = { operation: "repair", provider: worker.name, retryable: false } as const;
    throw new StorageError("Unavailable", "repair was stopped", context);
  }
  const { controller, unlink } = linkedController(signal);
  // A caller now waits for this worker, so the worker keeps the process alive.
  const alive = delay(TIMER_MS_MAX, controller.signal).catch(() => {});
  await new Promise<void>((resolve) => {
    const tell = (): void => {
      worker.waiting.delete(tell);
      resolve();
    };
    worker.waiting.add(tell);
    onAbort(controller.signal, tell);
    worker.wake();
  });
  unlink();
  controller.abort();
  await alive;
  signal?.throwIfAborted();
}
