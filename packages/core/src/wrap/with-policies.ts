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
   * How calls are tried again; `false` for one try.
   *
   * @default the defaults of the options of `retry`
   */
  readonly retry?: RetryOptions | false | undefined;
  /**
   * When calls are given up; `false` for never.
   *
   * @default the defaults of the options of `timeout`
   */
  readonly timeouts?: TimeoutOptions | false | undefined;
}

/**
 * Puts retries and time limits around a bare provider. A provider that has retries already, such as a composer, is returned as it
 * is, so that there is one layer of retries.
 *
 * @throws TypeError for options that are wrong, even when they are not needed.
 */
export function withPolicies(provider: StorageProvider, policies: Policies = {}): ComposedProvider {
  checkPolicies(policies);
  if (hasPolicies(describeProvider(provider))) return provider;
  const bounded = policies.timeouts === false ? provider : timeout(provider, policies.timeouts);
  return policies.retry === false ? once(bounded) : retry(bounded, policies.retry);
}

/** Checks retries and limits before they are used. @throws TypeError for options that are wrong. */
export function checkPolicies({ retry: tries, timeouts }: Policies): void {
  if (tries !== false && tries !== undefined) checkRetry(tries);
  if (timeouts !== false && timeouts !== undefined) checkTimeouts(timeouts);
}
