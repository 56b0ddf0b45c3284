import type { Operation } from "@stowage/core";
import { anyNumber, knownNames, oneOf, wholeNumber, type OptionNames } from "@stowage/core/provider";
import { seeded } from "./seeded.js";

/**
 * Something that goes wrong between a caller and a provider.
 *
 * - `drop`: the request is lost. `Unavailable`, nothing was applied.
 * - `lost-response`: the call takes effect, its answer is lost. `Unavailable`, applied is unknown.
 * - `late-apply`: the call is given up with `Timeout`, applied is unknown; a write takes effect afterwards.
 * - `truncate`: a body that is read ends early; a body that is written is cut, so nothing is written and it is
 *   unknown whether something was.
 * - `delay`: the call waits, then goes on.
 */
export type Fault = "drop" | "lost-response" | "late-apply" | "truncate" | "delay";

/** A step of a script: a fault for the next call, or for the next call of one verb; `"pass"` lets it through. */
export type ScriptStep = Fault | "pass" | { readonly operation: Operation; readonly fault: Fault | "pass" };

/** How often something goes wrong, from 0 for never to 1 for always. */
export type FaultRates = { readonly [Name in Fault]?: number | undefined };

/** What shall go wrong, and when. */
export interface FaultPlan {
  /** Where the random faults begin; default 1. The same seed and calls give the same faults. */
  readonly seed?: number | undefined;
  /** The share of calls that meet each fault; together at most 1. Default none. */
  readonly rates?: FaultRates | undefined;
  /** Faults for the first calls, in order; then the rates count. A step that names a verb waits for it. */
  readonly script?: readonly ScriptStep[] | undefined;
  /** The verbs that random faults are for; default all. */
  readonly operations?: readonly Operation[] | undefined;
  /** The longest delay, in milliseconds; default 10. */
  readonly delayMs?: number | undefined;
}

/** What happens to one call: a fault, and a number from 0 to 1 that says where or how long. */
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

/** Looks at a plan: a misspelt fault would never happen. @throws TypeError. */
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

/** Looks at one step. @throws TypeError for a fault that there is not. */
function checkStep(step: ScriptStep): void {
  oneOf("faulty", "a fault", typeof step === "string" ? step : Object(step).fault, [...FAULTS, "pass"]);
}

/** Decides call by call: steps that were asked for first, then those of the script, then by chance. */
export class FaultDecider {
  readonly #plan: FaultPlan;
  readonly #random: () => number;
  readonly #steps: ScriptStep[];

  constructor(plan: FaultPlan) {
    checkPlan(plan);
    const sum = Object.values(plan.rates ?? {}).reduce<number>((total, rate) => total + (rate ?? 0), 0);
    if (sum > 1 + Number.EPSILON) throw new TypeError("faulty: the rates are together at most 1");
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
    // Two numbers for every call, needed or not, so that a script does not shift what comes after it.
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
