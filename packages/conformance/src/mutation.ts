import { memory } from "@stowage/core";
import { knownNames, wholeNumber } from "@stowage/core/provider";
import { runRules, type RunReport } from "./harness.js";
import type { Mutant } from "./mutant.js";
import { MUTANTS } from "./mutants.js";
import type { Rule } from "./rule.js";
import { RULES } from "./rules.js";

/** What the suite says about one mutant. */
export interface MutantVerdict {
  readonly mutant: Mutant;
  /** Whether the rule of its title fails it. */
  readonly caught: boolean;
  /** The titles of all rules that fail it. */
  readonly failed: readonly string[];
  /** It fails so many rules that it says nothing about its own. */
  readonly excessive: boolean;
}

/** What mutants say about a suite. */
export interface MutationReport {
  readonly verdicts: readonly MutantVerdict[];
  /** Rules that no mutant is made for: they might check nothing. */
  readonly untested: readonly string[];
  /** Whether every rule has a mutant, every mutant is caught by its rule, and none is excessive. */
  readonly ok: boolean;
}

/** How mutants are tried. */
export interface MutationOptions {
  /**
   * The rules that must notice.
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
   * Which rules of one mutant count against it: its own, and each nth of the others.
   *
   * @default 1: all rules
   */
  readonly stride?: number | undefined;
  /**
   * The number of mutants that are tried at once. Mutants wait for timers and files more than they compute.
   *
   * @default 4
   */
  readonly concurrency?: number | undefined;
}

/** How long a rule may take with a mutant, in milliseconds. All is in memory: what takes longer hangs. */
const MUTANT_TIMEOUT_MS = 3000;

/** A mutant that fails more than this share of the suite is not one broken sentence, but a broken provider. */
const EXCESSIVE_SHARE = 1 / 3;

/**
 * Runs the suite on broken providers: what proves that each rule can fail.
 *
 * A rule that is taken out of the suite leaves its mutant alive, and the report is not `ok`.
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
