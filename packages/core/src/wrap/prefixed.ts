import { StorageError } from "../contract/errors.js";
import { keyProblem } from "../contract/key.js";
import type { StorageProvider } from "../contract/provider.js";
import { anyText } from "../kit/options.js";
import { mapKeys, type KeyMapping } from "./map-keys.js";

/**
 * Shows only the keys of `inner` that start with `prefix`, and leaves the prefix out. It gives a tenant a part of a bucket, for
 * example.
 *
 * Refs stay those of the inner provider, so that the refs of several tenants can be told apart in one database.
 *
 * @param prefix - A key followed by `/`, e.g. `"tenants/7/"`.
 * @throws StorageError `InvalidKey` when the prefix is not of this form.
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
