import { knownNames, wholeNumber, type OptionNames } from "../kit/options.js";

/** The options of `retry`: how often a call is tried, and how long the pauses are. */
export interface RetryOptions {
  /**
   * The number of times that a call is tried, including the first try.
   *
   * @default 3
   */
  readonly attempts?: number | undefined;
  /**
   * The maximum length of the first pause, in milliseconds. The pause takes at least half of this time. Each later pause may take
   * twice as long as the one before.
   *
   * @default 50
   */
  readonly baseMs?: number | undefined;
  /**
   * The same as `baseMs`, for a pause after `RateLimited`.
   *
   * @default 1,000
   */
  readonly rateLimitedBaseMs?: number | undefined;
  /**
   * The longest pause, in milliseconds. If a provider asks for a longer pause, the call is not tried again.
   *
   * @default 20,000
   */
  readonly maxDelayMs?: number | undefined;
  /**
   * The number of tokens for retries; 0 means no limit. A retry takes 14 tokens, and a retry after `RateLimited` takes 5 tokens.
   * A call that succeeds returns the tokens that it has taken, and at least 1. As a result, a provider that is down gets fewer
   * and fewer retries.
   *
   * @default 500
   * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
   */
  readonly budget?: number | undefined;
}

const RETRY_OPTIONS: OptionNames<RetryOptions> = {
  attempts: true,
  baseMs: true,
  rateLimitedBaseMs: true,
  maxDelayMs: true,
  budget: true,
};

const BUDGET = 500;

/** The options of `retry`, with a value for each option. */
export type RetryLimits = { readonly [Name in keyof RetryOptions]-?: number };

/** Checks the options of `retry`, and fills in the defaults. @throws TypeError if an option is not a number in its range. */
export function checkRetry(options: RetryOptions): RetryLimits {
  knownNames("retry", options, RETRY_OPTIONS);
  const whole = (name: keyof RetryOptions, byDefault: number, least = 0): number =>
    wholeNumber("retry", name, options[name] ?? byDefault, { least });
  return {
    attempts: whole("attempts", 3, 1),
    baseMs: whole("baseMs", 50),
    rateLimitedBaseMs: whole("rateLimitedBaseMs", 1000),
    maxDelayMs: whole("maxDelayMs", 20_000),
    budget: whole("budget", BUDGET),
  };
}
