import { concurrently } from "./concurrently.js";
import { StorageError } from "./errors.js";
import { assertKey, keyProblem } from "./key.js";
import type { CallOptions, DeleteFailure, ListPage, StorageProvider } from "./provider.js";

export interface DeleteManyResult {
  /** How many keys are gone now, those that were missing before included. */
  readonly deleted: number;
  readonly errors: readonly DeleteFailure[];
}

/** A batch of this size is what S3 takes at once. */
const BATCH_KEYS = 1000;
const CONCURRENCY = 16;

/** Deletes keys, in batches where the provider has them. */
export async function deleteEach(
  provider: StorageProvider,
  keys: Iterable<string> | AsyncIterable<string>,
  { signal, onEvent }: CallOptions,
): Promise<DeleteManyResult> {
  const errors: DeleteFailure[] = [];
  let asked = 0;
  const flush = async (batch: readonly string[]): Promise<void> => {
    if (batch.length === 0) return;
    asked += batch.length;
    errors.push(...(await deleteBatch(provider, batch, { signal, onEvent })));
  };
  let batch: string[] = [];
  for await (const key of keys) {
    assertKey(key, "deleteMany", provider.name);
    batch.push(key);
    if (batch.length < BATCH_KEYS) continue;
    await flush(batch);
    batch = [];
  }
  await flush(batch);
  return { deleted: asked - errors.length, errors };
}

async function deleteBatch(
  provider: StorageProvider,
  keys: readonly string[],
  options: CallOptions,
): Promise<readonly DeleteFailure[]> {
  options.signal?.throwIfAborted();
  if (provider.deleteMany !== undefined) return await provider.deleteMany(keys, options);
  const failures: DeleteFailure[] = [];
  await concurrently(keys, CONCURRENCY, async (key) => {
    await provider.delete(key, options).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      failures.push({ key, error });
    });
  });
  return failures;
}

/** Deletes everything under a folder, page by page. */
export async function deleteUnder(
  provider: StorageProvider,
  prefix: string,
  options: CallOptions,
): Promise<DeleteManyResult> {
  assertFolder(provider, prefix);
  return await deleteEach(provider, keysUnder(provider, prefix, options), options);
}

async function* keysUnder(
  provider: StorageProvider,
  prefix: string,
  { signal, onEvent }: CallOptions,
): AsyncGenerator<string, void, undefined> {
  let cursor: string | undefined;
  do {
    const page: ListPage = await provider.list({ prefix, cursor, signal, onEvent });
    for (const { key } of page.objects) yield key;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function assertFolder(provider: StorageProvider, prefix: string): void {
  if (typeof prefix !== "string") throw new TypeError("deletePrefix takes a string");
  const inside = prefix.endsWith("/") ? keyProblem(prefix.slice(0, -1)) : undefined;
  if (prefix.endsWith("/") && inside === undefined) return;
  const reason = inside ?? 'the prefix does not end with "/": it would also take keys that only begin alike';
  throw new StorageError("InvalidArgument", reason, {
    operation: "deletePrefix",
    provider: provider.name,
    key: prefix,
  });
}
