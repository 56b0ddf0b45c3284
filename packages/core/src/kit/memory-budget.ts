import { onAbort } from "./clock.js";

/** A limit on the memory that many calls share. When the memory is used up, further calls wait in a queue. */
export interface MemoryBudget {
  /** The maximum memory that one call may use, in bytes. */
  readonly shareBytes: number;
  /**
   * Waits until enough memory is free, and reserves it.
   *
   * @returns A function that releases the memory. The function may be called more than once.
   */
  readonly take: (bytes: number, signal: AbortSignal | undefined) => Promise<() => void>;
}

interface Waiting {
  readonly bytes: number;
  readonly go: () => void;
}

/** Makes a budget of `bytesMax` bytes. @param shareBytes - The memory that one call wants to use, in bytes. */
export function createMemoryBudget(bytesMax: number, shareBytes: number): MemoryBudget {
  let free = bytesMax;
  const queue: Waiting[] = [];
  const next = (): void => {
    for (let first = queue[0]; first !== undefined && first.bytes <= free; first = queue[0]) {
      queue.shift();
      free -= first.bytes;
      first.go();
    }
  };
  const giveBack = (bytes: number): (() => void) => {
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      free += bytes;
      next();
    };
  };
  return {
    shareBytes: Math.min(shareBytes, bytesMax),
    take: async (wanted, signal) => {
      signal?.throwIfAborted();
      const bytes = Math.min(wanted, bytesMax);
      if (queue.length === 0 && bytes <= free) {
        free -= bytes;
        return giveBack(bytes);
      }
      await new Promise<void>((resolve, reject) => {
        const waiting: Waiting = {
          bytes,
          go: () => {
            unlink();
            resolve();
          },
        };
        const unlink = onAbort(signal, () => {
          queue.splice(queue.indexOf(waiting), 1);
          reject(signal?.reason as Error);
          next();
        });
        queue.push(waiting);
      });
      return giveBack(bytes);
    },
  };
}
