import type { StorageProvider } from "@stowage/core";
import type { Account } from "./account.js";

/** What is behind a provider that `cloudinary` has made. */
interface Own {
  readonly account: Account;
  /** Put before every key. */
  readonly keyPrefix: string;
}

const OWN = new WeakMap<StorageProvider, Own>();

export function remember(provider: StorageProvider, own: Own): StorageProvider {
  OWN.set(provider, own);
  return provider;
}

/** @throws TypeError for a provider that `cloudinary` has not made, or one that somebody has wrapped. */
export function ownProvider(provider: StorageProvider, caller: string): Own {
  const own = OWN.get(provider);
  if (own !== undefined) return own;
  throw new TypeError(`${caller} takes a provider that cloudinary() has returned, not one that is wrapped`);
}
