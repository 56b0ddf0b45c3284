import { checkKey } from "./check.js";
import { concurrently } from "../kit/concurrently.js";
import { StorageError, isStorageError } from "../contract/errors.js";
import { keyProblem } from "../contract/key.js";
import type { DeleteFailure, ListPage, SkippedKey, StorageProvider } from "../contract/provider.js";
import type { CallOptions } from "../contract/call-options.js";
import type { DeleteManyResult } from "./storage-options.js";
import { anyText } from "../kit/options.js";

/** The number of keys in one batch, which is the maximum that S3 accepts in one request. */
const BATCH_KEYS = 1000;
const CONCURRENCY = 16;

/** Deletes keys, in batches if the provider has `deleteMany`. */
export async function deleteEach(
  provider: StorageProvider,
  keys: Iterable<string> | AsyncIterable<string>,
  { signal, onEvent }: CallOptions,
): Promise<DeleteManyResult> {
  if (typeof keys === "string") throw new TypeError("deleteMany: keys must be a list of keys, not a string");
  const errors: DeleteFailure[] = [];
  let asked = 0;
  let batch: string[] = [];
  const flush = async (): Promise<void> => {
    const full = batch;
    batch = [];
    errors.push(...(await deleteBatch(provider, full, { signal, onEvent })));
  };
  for await (const key of keys) {
    asked++;
    const error = keyError(provider, key);
    if (error === undefined) batch.push(key);
    else errors.push({ key, error });
    if (batch.length === BATCH_KEYS) await flush();
  }
  if (batch.length > 0) await flush();
  return { deleted: asked - errors.length, errors };
}

/** Checks a key without asking the provider. Returns the error if the key cannot be deleted. */
function keyError(provider: StorageProvider, key: string): StorageError | undefined {
  try {
    checkKey(provider, key, "deleteMany");
    return undefined;
  } catch (error) {
    if (isStorageError(error)) return error;
    throw error;
  }
}

async function deleteBatch(
  provider: StorageProvider,
  keys: readonly string[],
  options: CallOptions,
): Promise<readonly DeleteFailure[]> {
  options.signal?.throwIfAborted();
  if (provider.deleteMany !== undefined) {
    return await provider.deleteMany(keys, options).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      return keys.map((key) => ({ key, error }));
    });
  }
  const failures: DeleteFailure[] = [];
  await concurrently(keys, CONCURRENCY, async (key) => {
    await provider.delete(key, options).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      failures.push({ key, error });
    });
  });
  return failures;
}

/** Deletes all objects under a folder, page by page. */
export async function deleteUnder(
  provider: StorageProvider,
  prefix: string,
  options: CallOptions,
): Promise<DeleteManyResult> {
  assertFolder(provider, prefix);
  const skipped: SkippedKey[] = [];
  const result = await deleteEach(provider, keysUnder(provider, prefix, options, skipped), options);
  for (const { key, reason } of skipped) {
    options.onEvent?.({ type: "skipped", operation: "deletePrefix", provider: provider.name, key, reason });
  }
  return skipped.length === 0 ? result : { ...result, skipped };
}

async function* keysUnder(
  provider: StorageProvider,
  prefix: string,
  { signal, onEvent }: CallOptions,
  skipped: SkippedKey[],
): AsyncGenerator<string, void, undefined> {
  let cursor: string | undefined;
  do {
    const page: ListPage = await provider.list({ prefix, cursor, signal, onEvent });
    for (const { key } of page.objects) yield key;
    skipped.push(...(page.skipped ?? []));
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function assertFolder(provider: StorageProvider, prefix: string): void {
  anyText("deletePrefix", "prefix", prefix, "a string");
  const inside = prefix.endsWith("/") ? keyProblem(prefix.slice(0, -1)) : undefined;
  if (prefix.endsWith("/") && inside === undefined) return;
  const reason = inside ?? 'the prefix does not end with "/", so it would also match keys in other folders';
  throw new StorageError("InvalidArgument", reason, {
    operation: "deletePrefix",
    provider: provider.name,
    key: prefix,
  });
}
