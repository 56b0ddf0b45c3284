import { ownProviders, type OwnProviders } from "@stowage/core/provider";
import type { Account } from "./account.js";

/** The account and the key prefix of a provider that `cloudinary()` made. */
interface Own {
  readonly account: Account;
  /** The text that is put in front of every key. */
  readonly keyPrefix: string;
}

export const OWN: OwnProviders<Own> = ownProviders("cloudinary()");
