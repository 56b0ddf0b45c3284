import { memory } from "@stowage/core";
import { knownNames, wholeNumber } from "@stowage/core/provider";
import { runRules, type RunReport } from "./harness.js";
import type { Mutant } from "./mutant.js";
import { MUTANTS } from "./mutants.js";
import type { Rule } from "./rule.js";
import { RULES } from "./rules.js";

/** The verdict of the suite on one mutant. */
export interface MutantVerdict {
  readonly mutant: Mutant;
  /** True if the mutant's own rule fails for the mutant. */
  readonly caught: boolean;
  /** The titles of all rules that fail for the mutant. */
  readonly failed: readonly string[];
  /** True if too many rules fail for the mutant. Such a mutant proves nothing about its own rule. */
  readonly excessive: boolean;
}

/** The report on a suite that was run on mutants. */
export interface MutationReport {
  readonly verdicts: readonly MutantVerdict[];
  /** The titles of rules without a mutant. Such rules might check nothing. */
  readonly untested: readonly string[];
  /** True if every rule has a mutant, every rule catches its mutants, and no mutant is excessive. */
  readonly ok: boolean;
}

/** The options of {@link checkMutants}. */
export interface MutationOptions {
  /**
   * The rules that must catch the mutants.
   *
   * @default all of {@link RULES}
   */
  readonly rules?: readonly Rule[] | undefined;
  /**
   * The mutants to try.
   *
   * @default all of {@link MUTANTS}
   */
  readonly mutants?: readonly Mutant[] | undefined;
  /**
   * The distance between the rules that run on a mutant: with a stride of n, every nth rule runs. The mutant's own rule
   * always runs.
   *
   * @default 1: all rules
   */
  readonly stride?: number | undefined;
  /**
   * The number of mutants that are tried at the same time. Mutants mostly wait for timers and files,
   * so it saves time to try several together.
   *
   * @default 4
   */
  readonly concurrency?: number | undefined;
}

/**
 * The time limit for one rule on a mutant, in milliseconds. Everything is in memory, so a rule that takes longer
 * surely hangs.
 */
const MUTANT_TIMEOUT_MS = 3000;

/**
 * The largest share of rules that may fail for a mutant. If more rules fail, the mutant breaks the whole provider
 * instead of one rule.
 */
const EXCESSIVE_SHARE = 1 / 3;

/**
 * Runs the suite on broken providers, to prove that each rule can fail.
 *
 * If a rule is removed from the suite, its mutant is not caught, and `ok` is false.
 */
export async function checkMutants(options: MutationOptions = {}): Promise<MutationReport> {
  knownNames("checkMutants", options, { rules: true, mutants: true, stride: true, concurrency: true });
  const { rules = RULES, mutants = MUTANTS, stride = 1, concurrency = 4 } = options;
  wholeNumber("checkMutants", "stride", stride, { least: 1 });
  wholeNumber("checkMutants", "concurrency", concurrency, { least: 1 });
  const verdicts: MutantVerdict[] = [];
  const waiting = mutants.entries();
  const work = async (): Promise<void> => {
    for (const [index, mutant] of waiting)
      verdicts[index] = await tryMutant(mutant, chosen(rules, mutant, index, stride));
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const covered = new Set(mutants.map(({ rule }) => rule));
  const untested = rules.map(({ title }) => title).filter((title) => !covered.has(title));
  const ok = untested.length === 0 && verdicts.every(({ caught, excessive }) => caught && !excessive);
  return { verdicts, untested, ok };
}

function chosen(rules: readonly Rule[], { rule }: Mutant, offset: number, stride: number): readonly Rule[] {
  return rules.filter(({ title }, index) => title === rule || (index + offset) % stride === 0);
}

async function tryMutant(mutant: Mutant, rules: readonly Rule[]): Promise<MutantVerdict> {
  const report = await runMutant(mutant, rules);
  const failed = report.outcomes.filter(({ status }) => status === "failed").map(({ title }) => title);
  return {
    mutant,
    caught: failed.includes(mutant.rule),
    failed,
    excessive: failed.length > 1 && failed.length > rules.length * EXCESSIVE_SHARE,
  };
}

async function runMutant(
  { base = (provider) => provider, breaks = (provider) => provider, breakStorage }: Mutant,
  rules: readonly Rule[],
): Promise<RunReport> {
  return await runRules(() => ({ provider: breaks(base(memory())) }), {
    rules,
    breakStorage,
    fresh: true,
    timeoutMs: MUTANT_TIMEOUT_MS,
  });
}
