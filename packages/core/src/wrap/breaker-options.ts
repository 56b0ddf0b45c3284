import { aFunction, anyNumber, knownNames, wholeNumber, type OptionNames } from "../kit/options.js";

/** The options of {@link breaker}. They say when a provider is left out and when it is asked again. */
export interface BreakerOptions {
  /**
   * The number of consecutive failures that opens the breaker.
   *
   * @default 5
   */
  readonly consecutive?: number | undefined;
  /**
   * The share of failed calls, from 0 to 1, that opens the breaker. The share is computed from all calls of the last
   * `windowMs` milliseconds.
   *
   * @default 0.5
   */
  readonly share?: number | undefined;
  /**
   * The minimum number of calls before `share` is used.
   *
   * @default 20
   */
  readonly least?: number | undefined;
  /**
   * The time for which a call counts towards `share`, in milliseconds.
   *
   * @default 30,000
   */
  readonly windowMs?: number | undefined;
  /**
   * The pause between the opening of the breaker and the first probe, in milliseconds. The pause doubles after each probe that
   * fails.
   *
   * @default 1,000
   */
  readonly openMs?: number | undefined;
  /**
   * The longest pause between two probes, in milliseconds.
   *
   * @default 10,000
   */
  readonly openMsMax?: number | undefined;
  /**
   * Returns random numbers from 0 to 1, for the jitter of the pauses.
   *
   * @default `Math.random`
   */
  readonly random?: (() => number) | undefined;
}

const BREAKER_OPTIONS: OptionNames<BreakerOptions> = {
  consecutive: true,
  share: true,
  least: true,
  windowMs: true,
  openMs: true,
  openMsMax: true,
  random: true,
};

/** The checked options of a breaker, with a value for each option. */
export type BreakerLimits = Required<{
  readonly [Name in keyof BreakerOptions]: NonNullable<BreakerOptions[Name]>;
}>;

/** Checks the options of a breaker, and fills in the defaults. @throws TypeError if an option is not a number in its range. */
export function checkBreaker(options: BreakerOptions): BreakerLimits {
  knownNames("breaker", options, BREAKER_OPTIONS);
  const whole = (name: Exclude<keyof BreakerOptions, "random">, byDefault: number): number =>
    wholeNumber("breaker", name, options[name] ?? byDefault, { least: 1 });
  return {
    consecutive: whole("consecutive", 5),
    share: anyNumber("breaker", "share", options.share ?? 0.5, { most: 1 }),
    least: whole("least", 20),
    windowMs: whole("windowMs", 30_000),
    openMs: whole("openMs", 1000),
    openMsMax: whole("openMsMax", 10_000),
    random: aFunction("breaker", "random", options.random ?? Math.random),
  };
}
