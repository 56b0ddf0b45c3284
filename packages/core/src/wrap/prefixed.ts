import { StorageError } from "../contract/errors.js";
import { keyProblem } from "../contract/key.js";
import type { StorageProvider } from "../contract/provider.js";
import { anyText } from "../kit/options.js";
import { mapKeys, type KeyMapping } from "./map-keys.js";

/**
 * Limits a provider to the keys that start with `prefix`, and removes the prefix from these keys. For example, each tenant can
 * get a part of one bucket.
 *
 * Refs remain the refs of the inner provider, so that one database can hold the refs of several tenants without confusion.
 *
 * @param prefix - A key followed by `/`, e.g. `"tenants/7/"`.
 * @throws StorageError `InvalidKey` if the prefix does not have this form.
 */
export function prefixed(inner: StorageProvider, prefix: string): StorageProvider {
  anyText("prefixed", "prefix", prefix, 'a key followed by "/"');
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
  const keyBytesMax = inner.supports.keyBytesMax - Buffer.byteLength(prefix);
  const mapped = mapKeys(inner, keys, {
    type: "prefixed",
    promises: [`every key is kept under "${prefix}"`],
  });
  return { ...mapped, supports: { ...inner.supports, keyBytesMax } };
}
