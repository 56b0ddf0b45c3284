import { concurrently } from "../kit/concurrently.js";
import type { FileStorage } from "./storage.js";
import type { PutManyResult, PutManyOptions, PutManyItem } from "./storage-options.js";
import { safeListener } from "../kit/listener.js";
import { wholeNumber } from "../kit/options.js";
import { checkNames } from "./option-names.js";

const CONCURRENCY = 4;

/** Puts items, several at the same time, and returns a result for each item, in the order of the items. */
export async function putMany(
  storage: Pick<FileStorage, "put">,
  items: Iterable<PutManyItem> | AsyncIterable<PutManyItem>,
  options: PutManyOptions,
): Promise<readonly PutManyResult[]> {
  checkNames("putMany", options);
  const { signal, concurrency = CONCURRENCY, maxBytes } = options;
  const onResult = safeListener(options.onResult);
  wholeNumber("putMany", "concurrency", concurrency, { least: 1 });
  if (maxBytes !== undefined) wholeNumber("putMany", "maxBytes", maxBytes);
  const results: PutManyResult[] = [];
  await concurrently(items, concurrency, async ({ key, body, ...item }, index) => {
    const result = await storage.put(key, body, { maxBytes, ...item, signal }).then(
      (info): PutManyResult => ({ key, info }),
      (error: unknown): PutManyResult => ({ key, error }),
    );
    results[index] = result;
    onResult?.(result);
    signal?.throwIfAborted();
  });
  return results;
}
