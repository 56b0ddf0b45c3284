import { ownProviders, type OwnProviders } from "@stowage/core/provider";
import type { Store } from "./store.js";

/** What is behind a provider that `s3` has made. */
interface Own {
  readonly store: Store;
  /** Put before every key. */
  readonly keyPrefix: string;
}

export const OWN: OwnProviders<Own> = ownProviders("s3()");
