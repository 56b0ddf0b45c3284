import { finished, type Readable } from "node:stream";
import { intercept, type Around } from "./intercept.js";
import type { GetResult, StorageProvider } from "../contract/provider.js";
import { knownNames, wholeNumber } from "../kit/options.js";

export interface LimitOptions {
  /** How many calls run at once; the others wait in order. */
  readonly concurrency: number;
}

/**
 * Lets at most `concurrency` calls into a provider at once. An object that is being read counts until its
 * body has ended. A call that is aborted while it waits leaves the queue at once.
 *
 * @throws TypeError when `concurrency` is not a whole number above zero.
 */
export function limit(inner: StorageProvider, options: LimitOptions): StorageProvider {
  knownNames("limit", options, { concurrency: true });
  const concurrency = wholeNumber("limit", "concurrency", options.concurrency, { least: 1 });
  const slots = createSlots(concurrency);
  const around: Around = async (call, next) => {
    await slots.take(call.options.signal);
    let held = false;
    try {
      const result = await next();
      if (call.operation === "get") held = holdForBody((result as GetResult).body, slots.give);
      return result;
    } finally {
      if (!held) slots.give();
    }
  };
  return intercept(inner, {
    type: "limit",
    around,
    promises: [`at most ${concurrency} calls run at once`],
  });
}

function holdForBody(body: Uint8Array | Readable, give: () => void): boolean {
  if (body instanceof Uint8Array) return false;
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
          signal?.removeEventListener("abort", leave);
          resolve();
        };
        const leave = (): void => {
          waiting.delete(enter);
          reject(signal?.reason);
        };
        waiting.add(enter);
        signal?.addEventListener("abort", leave, { once: true });
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
