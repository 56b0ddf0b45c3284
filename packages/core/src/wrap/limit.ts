import { types } from "node:util";
import { onAbort } from "../kit/clock.js";
import { finished, type Readable } from "node:stream";
import { intercept, type Call, type Next } from "./intercept.js";
import type { GetResult, StorageProvider } from "../contract/provider.js";
import { knownNames, wholeNumber } from "../kit/options.js";

/** The options of {@link limit}. */
export interface LimitOptions {
  /** The number of calls that run at the same time. Other calls wait in order. */
  readonly concurrency: number;
}

/**
 * Limits the number of calls that run in a provider at the same time. An open object counts as a running call until its body has
 * ended. A call that is aborted while it waits leaves the queue immediately.
 *
 * @throws TypeError if `concurrency` is not a whole number above zero.
 */
export function limit(inner: StorageProvider, options: LimitOptions): StorageProvider {
  knownNames("limit", options, { concurrency: true });
  const concurrency = wholeNumber("limit", "concurrency", options.concurrency, { least: 1 });
  const slots = createSlots(concurrency);
  return intercept(inner, {
    type: "limit",
    around: (call, next) => inSlot(slots, call, next, () => undefined),
    aroundGet: (call, next) => inSlot(slots, call, next, ({ body }) => body),
    promises: [`at most ${concurrency} calls run at once`],
  });
}

/**
 * Runs a call in a slot. @param bodyOf - Returns the body that the call has opened. The slot stays occupied until the body has
 * ended.
 */
async function inSlot<T>(
  slots: Slots,
  { options }: Call,
  next: Next<T>,
  bodyOf: (result: T) => GetResult["body"] | undefined,
): Promise<T> {
  await slots.take(options.signal);
  let held = false;
  try {
    const result = await next();
    held = holdForBody(bodyOf(result), slots.give);
    return result;
  } finally {
    if (!held) slots.give();
  }
}

function holdForBody(body: Uint8Array | Readable | undefined, give: () => void): boolean {
  if (body === undefined || types.isUint8Array(body)) return false;
  finished(body, () => give());
  return true;
}

interface Slots {
  readonly take: (signal: AbortSignal | undefined) => Promise<void>;
  readonly give: () => void;
}

function createSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();
  return {
    take: async (signal) => {
      signal?.throwIfAborted();
      if (free > 0) {
        free--;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          unlink();
          resolve();
        };
        const leave = (): void => {
          waiting.delete(enter);
          reject(signal?.reason);
        };
        waiting.add(enter);
        const unlink = onAbort(signal, leave);
      });
    },
    give: () => {
      const [enter] = waiting;
      if (enter === undefined) {
        free++;
        return;
      }
      waiting.delete(enter);
      enter();
    },
  };
}
