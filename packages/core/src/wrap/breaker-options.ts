import { aFunction, anyNumber, knownNames, wholeNumber, type OptionNames } from "../kit/options.js";

/** The options of {@link breaker}: when a provider is left out, and when it is asked again. */
export interface BreakerOptions {
  /**
   * How many failures in a row open the breaker.
   *
   * @default 5
   */
  readonly consecutive?: number | undefined;
  /**
   * Which share of the calls of the last `windowMs` opens the breaker when it has failed, from 0 to 1.
   *
   * @default 0.5
   */
  readonly share?: number | undefined;
  /**
   * How many calls there must be before `share` counts.
   *
   * @default 20
   */
  readonly least?: number | undefined;
  /**
   * How long a call counts for `share`, in milliseconds.
   *
   * @default 30,000
   */
  readonly windowMs?: number | undefined;
  /**
   * How long after the breaker has opened the provider is asked whether it works again, in milliseconds; after each probe that
   * fails twice as long.
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
   * Gives numbers from 0 to 1.
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

/** Limits of a breaker, checked. */
export type BreakerLimits = Required<{
  readonly [Name in keyof BreakerOptions]: NonNullable<BreakerOptions[Name]>;
}>;

/** Returns when a breaker opens, checked. @throws TypeError when an option is not a number in its range. */
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
