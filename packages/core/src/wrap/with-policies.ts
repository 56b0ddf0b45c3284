import type { ComposedProvider } from "../contract/composed-provider.js";
import type { StorageProvider } from "../contract/provider.js";
import { describeProvider } from "./intercept.js";
import { once } from "./once.js";
import { hasPolicies } from "./policies.js";
import { retry } from "./retry.js";
import { checkRetry, type RetryOptions } from "./retry-options.js";
import { checkTimeouts, timeout, type TimeoutOptions } from "./timeout.js";

/** The retries and time limits of a bare provider. */
export interface Policies {
  /**
   * The retries of calls; `false` means one try without retries.
   *
   * @default the defaults of the options of `retry`
   */
  readonly retry?: RetryOptions | false | undefined;
  /**
   * The time limits of calls; `false` means no limits.
   *
   * @default the defaults of the options of `timeout`
   */
  readonly timeouts?: TimeoutOptions | false | undefined;
}

/**
 * Wraps a bare provider in retries and time limits. A provider that already has retries, such as a composer, is returned
 * unchanged, so that there is only one layer of retries.
 *
 * @throws TypeError for wrong options, even when they are not needed.
 */
export function withPolicies(provider: StorageProvider, policies: Policies = {}): ComposedProvider {
  checkPolicies(policies);
  if (hasPolicies(describeProvider(provider))) return provider;
  const bounded = policies.timeouts === false ? provider : timeout(provider, policies.timeouts);
  return policies.retry === false ? once(bounded) : retry(bounded, policies.retry);
}

/** Checks retries and limits before they are used. @throws TypeError for wrong options. */
export function checkPolicies({ retry: tries, timeouts }: Policies): void {
  if (tries !== false && tries !== undefined) checkRetry(tries);
  if (timeouts !== false && timeouts !== undefined) checkTimeouts(timeouts);
}
