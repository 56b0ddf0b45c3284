import type { StorageProvider } from "@stowage/core";
import type { Store } from "./store.js";

/** What is behind a provider that `s3` has made. */
interface Own {
  readonly store: Store;
  /** Put before every key. */
  readonly keyPrefix: string;
}

const OWN = new WeakMap<StorageProvider, Own>();

export function remember(provider: StorageProvider, own: Own): StorageProvider {
  OWN.set(provider, own);
  return provider;
}

/** @throws TypeError for a provider that `s3` has not made, or one that somebody has wrapped. */
export function ownProvider(provider: StorageProvider, caller: string): Own {
  const own = ownProviderIfAny(provider);
  if (own !== undefined) return own;
  throw new TypeError(`${caller} takes a provider that s3() has returned, not one that is wrapped`);
}

/** What is behind a provider, if `s3` has made it. */
export function ownProviderIfAny(provider: StorageProvider): Own | undefined {
  return OWN.get(provider);
}
