import { ownProviders, type OwnProviders } from "@stowage/core/provider";
import type { Account } from "./account.js";

/** What is behind a provider that `cloudinary` has made. */
interface Own {
  readonly account: Account;
  /** Put before every key. */
  readonly keyPrefix: string;
}

export const OWN: OwnProviders<Own> = ownProviders("cloudinary()");
