import { concurrently } from "../kit/concurrently.js";
import type { FileStorage } from "./storage.js";
import type { PutManyResult, PutManyOptions, PutManyItem } from "./storage-options.js";

const CONCURRENCY = 4;

/** Puts items, some at once, and collects a result for each, in the order of the items. */
export async function putMany(
  storage: Pick<FileStorage, "put">,
  items: Iterable<PutManyItem> | AsyncIterable<PutManyItem>,
  { signal, concurrency = CONCURRENCY, onResult }: PutManyOptions,
): Promise<readonly PutManyResult[]> {
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new TypeError(`concurrency is a whole number above zero, not ${String(concurrency)}`);
  }
  const results: PutManyResult[] = [];
  await concurrently(items, concurrency, async ({ key, body, ...options }, index) => {
    const result = await storage.put(key, body, { ...options, signal }).then(
      (info): PutManyResult => ({ key, info }),
      (error: unknown): PutManyResult => ({ key, error }),
    );
    results[index] = result;
    onResult?.(result);
    signal?.throwIfAborted();
  });
  return results;
}
