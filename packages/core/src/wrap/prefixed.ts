import { StorageError, isStorageError, withErrorFacts } from "../contract/errors.js";
import { intercept, type Around, type Call, type KeyMapping } from "./intercept.js";
import { keyProblem } from "../contract/key.js";
import type { StorageProvider } from "../contract/provider.js";

/**
 * Shows only the keys of `inner` that start with `prefix`, without it: a tenant's corner of a bucket.
 *
 * Refs stay those of the inner provider, so they can be told apart in one database.
 *
 * @param prefix - A key followed by `/`, e.g. `"tenants/7/"`.
 * @throws StorageError `InvalidKey` when it is not.
 */
export function prefixed(inner: StorageProvider, prefix: string): StorageProvider {
  const problem = prefix.endsWith("/") ? keyProblem(prefix.slice(0, -1)) : 'the prefix does not end with "/"';
  if (problem !== undefined) {
    throw new StorageError("InvalidKey", problem, { operation: "open", provider: inner.name, key: prefix });
  }
  const keys: KeyMapping = {
    toInner: (key) => prefix + key,
    toOuter: (key) => (key.startsWith(prefix) && key !== prefix ? key.slice(prefix.length) : undefined),
    listing: (options) => ({
      ...options,
      prefix: prefix + (options.prefix ?? ""),
      after: options.after === undefined ? undefined : prefix + options.after,
    }),
  };
  const around: Around = (call, next) =>
    next().catch((error: unknown) => {
      throw outerError(error, call, keys);
    });
  const layer = { type: "prefixed", around, keys, promises: [`every key is kept under "${prefix}"`] };
  const keyBytesMax = inner.supports.keyBytesMax - Buffer.byteLength(prefix);
  return { ...intercept(inner, layer), supports: { ...inner.supports, keyBytesMax } };
}

/** Errors name the key that the caller gave. */
function outerError(error: unknown, call: Call, { toOuter }: KeyMapping): unknown {
  if (!isStorageError(error) || error.key === undefined) return error;
  return withErrorFacts(error, { key: toOuter(error.key) ?? call.key });
}
