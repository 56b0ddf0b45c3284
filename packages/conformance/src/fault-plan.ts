import type { Operation } from "@stowage/core";
import { anyNumber, knownNames, oneOf, wholeNumber, type OptionNames } from "@stowage/core/provider";
import { seeded } from "./seeded.js";

/**
 * Something that goes wrong between a caller and a provider.
 *
 * - `drop`: the request is lost. The call rejects with `Unavailable`, and nothing is applied.
 * - `lost-response`: the call takes effect, but its answer is lost. The call rejects with `Unavailable`, and `applied` is
 *   `"unknown"`.
 * - `late-apply`: the call rejects with `Timeout`, and `applied` is `"unknown"`. A write still takes effect later.
 * - `truncate`: a read returns a body that ends early. A write loses the rest of its body: the write rejects with
 *   `Unavailable`, nothing is written, and `applied` is `"unknown"`.
 * - `delay`: the call waits and then continues.
 */
export type Fault = "drop" | "lost-response" | "late-apply" | "truncate" | "delay";

/** A step of a script: a fault for the next call, or for the next call with a given verb. `"pass"` lets the call through. */
export type ScriptStep = Fault | "pass" | { readonly operation: Operation; readonly fault: Fault | "pass" };

/** The rate of each fault: a number from 0 (never) to 1 (always). */
export type FaultRates = { readonly [Name in Fault]?: number | undefined };

/** A plan of faults: it says which fault happens at which call. */
export interface FaultPlan {
  /** The seed of the random faults; default 1. The same seed and the same calls give the same faults. */
  readonly seed?: number | undefined;
  /** The share of calls that get each fault. The sum of the shares must be at most 1. Default: no random faults. */
  readonly rates?: FaultRates | undefined;
  /**
   * The faults of the first calls, in order. A step that names a verb waits for the next call with that verb. Calls without a
   * step can get random faults.
   */
  readonly script?: readonly ScriptStep[] | undefined;
  /** The verbs that can get random faults; default all. */
  readonly operations?: readonly Operation[] | undefined;
  /** The longest delay, in milliseconds; default 10. */
  readonly delayMs?: number | undefined;
}

/**
 * The decision about one call: its fault, and a random number from 0 up to 1. The number decides how long a
 * delay lasts, or how late a write takes effect.
 */
export interface Decision {
  readonly fault: Fault | undefined;
  readonly draw: number;
}

const FAULTS: readonly Fault[] = ["drop", "lost-response", "late-apply", "truncate", "delay"];

const FAULT_PLAN: OptionNames<FaultPlan> = {
  seed: true,
  rates: true,
  script: true,
  operations: true,
  delayMs: true,
};

const RATES: OptionNames<FaultRates> = {
  drop: true,
  "lost-response": true,
  "late-apply": true,
  truncate: true,
  delay: true,
};

/**
 * Checks the names and values in a plan. Without this check, nobody would notice that a fault with a misspelt name never
 * happens.
 *
 * @throws TypeError if a name or a value is wrong.
 */
function checkPlan(plan: FaultPlan): void {
  knownNames("faulty", plan, FAULT_PLAN);
  const { seed = 1, rates = {}, script = [], delayMs = 0 } = plan;
  wholeNumber("faulty", "seed", seed);
  wholeNumber("faulty", "delayMs", delayMs);
  knownNames("faulty: rates", rates, RATES);
  for (const [name, rate = 0] of Object.entries(rates))
    anyNumber("faulty", `rates.${name}`, rate, { most: 1 });
  for (const step of script) checkStep(step);
}

/** Checks one step. @throws TypeError if its fault does not exist. */
function checkStep(step: ScriptStep): void {
  oneOf("faulty", "a fault", typeof step === "string" ? step : Object(step).fault, [...FAULTS, "pass"]);
}

/**
 * A source of decisions. It decides about the calls one after the other. The steps from `next` come first, then the steps of
 * the script, and then random faults.
 */
export class FaultDecider {
  readonly #plan: FaultPlan;
  readonly #random: () => number;
  readonly #steps: ScriptStep[];

  constructor(plan: FaultPlan) {
    checkPlan(plan);
    const sum = Object.values(plan.rates ?? {}).reduce<number>((total, rate) => total + (rate ?? 0), 0);
    if (sum > 1 + Number.EPSILON) throw new TypeError("faulty: the sum of the rates must be at most 1");
    this.#plan = plan;
    this.#random = seeded(plan.seed ?? 1);
    this.#steps = [...(plan.script ?? [])];
  }

  /** Puts a step before all others. */
  next(step: ScriptStep): void {
    checkStep(step);
    this.#steps.unshift(step);
  }

  decide(operation: Operation): Decision {
    // Each call draws two numbers, even if it does not need them. So the random faults that follow a script do not depend on
    // the script.
    const [chance, draw] = [this.#random(), this.#random()];
    const index = this.#steps.findIndex((step) => typeof step === "string" || step.operation === operation);
    const [step] = index === -1 ? [] : this.#steps.splice(index, 1);
    if (step === undefined) return { fault: this.#byChance(operation, chance), draw };
    const fault = typeof step === "string" ? step : step.fault;
    return { fault: fault === "pass" ? undefined : fault, draw };
  }

  #byChance(operation: Operation, chance: number): Fault | undefined {
    const { operations, rates = {} } = this.#plan;
    if (operations !== undefined && !operations.includes(operation)) return undefined;
    let edge = 0;
    return FAULTS.find((fault) => chance < (edge += rates[fault] ?? 0));
  }
}
