import { ownProviders, type OwnProviders } from "@stowage/core/provider";
import type { Store } from "./store.js";

/** The store and the prefix of a provider that `s3` has made. */
interface Own {
  readonly store: Store;
  /** The text that is put in front of every key. */
  readonly keyPrefix: string;
}

export const OWN: OwnProviders<Own> = ownProviders("s3()");
