import type { BodyInput } from "../body/body.js";
import { concurrently } from "../kit/concurrently.js";
import type { CallOptions, ObjectInfo } from "../contract/provider.js";
import type { FileStorage, StoragePutOptions } from "./storage.js";

export interface PutManyItem extends Omit<StoragePutOptions, "signal"> {
  readonly key: string;
  readonly body: BodyInput;
}

export type PutManyResult =
  | { readonly key: string; readonly info: ObjectInfo; readonly error?: undefined }
  | { readonly key: string; readonly info?: undefined; readonly error: unknown };

export interface PutManyOptions extends Pick<CallOptions, "signal"> {
  /** How many puts run at once; default 4. */
  readonly concurrency?: number | undefined;
  /** Told of each result as it comes. */
  readonly onResult?: ((result: PutManyResult) => void) | undefined;
}

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
