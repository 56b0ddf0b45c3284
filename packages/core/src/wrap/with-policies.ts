import type { ComposedProvider } from "../contract/composed-provider.js";
import type { StorageProvider } from "../contract/provider.js";
import { describeProvider } from "./intercept.js";
import { hasPolicies } from "./policies.js";
import { retry, type RetryOptions } from "./retry.js";
import { timeout, type TimeoutOptions } from "./timeout.js";

/** The retries and time limits of a bare provider. */
export interface Policies {
  /**
   * How calls are tried again; `false` for one try.
   *
   * @default what each of its options says
   */
  readonly retry?: RetryOptions | false | undefined;
  /**
   * When calls are given up; `false` for never.
   *
   * @default what each of its options says
   */
  readonly timeouts?: TimeoutOptions | false | undefined;
}

/**
 * Puts retries and time limits around a bare provider. A provider that has retries already, such as a composer, is
 * returned as it is, so that there is one layer of retries.
 */
export function withPolicies(provider: StorageProvider, policies: Policies = {}): ComposedProvider {
  if (hasPolicies(describeProvider(provider))) return provider;
  const bounded = policies.timeouts === false ? provider : timeout(provider, policies.timeouts);
  return policies.retry === false ? bounded : retry(bounded, policies.retry);
}
