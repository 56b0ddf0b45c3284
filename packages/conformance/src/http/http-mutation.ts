import { runHttpRules } from "./http-harness.js";
import type { HttpBreak, HttpMutant } from "./http-mutant.js";
import { HTTP_MUTANTS, SIGNATURE_MUTANTS } from "./http-mutants.js";
import type { HttpSubject } from "./http-rule.js";
import { HTTP_RULES } from "./http-rules.js";
import { SIGNATURE_RULES } from "./rules/signatures.js";
import { runSignatureRules } from "./signature-harness.js";
import type { SignedSubject } from "./signature-rule.js";

/** The report on one broken server. */
export interface HttpMutantVerdict {
  readonly mutant: HttpMutant;
  /** True if the rule fails for this server. */
  readonly caught: boolean;
}

/** The report on all broken servers. */
export interface HttpMutationReport {
  readonly verdicts: readonly HttpMutantVerdict[];
  /** The titles of rules without a mutant. Such rules might check nothing. */
  readonly untested: readonly string[];
  /** True if every rule has a mutant, and every rule catches its mutants. */
  readonly ok: boolean;
}

/**
 * Breaks a file server in many ways, one after the other, and each time runs the rule that must fail.
 *
 * @param open - Starts the server with a broken handler.
 */
export async function checkHttpMutants(
  open: (breaks: HttpBreak) => Promise<HttpSubject>,
): Promise<HttpMutationReport> {
  return await check(HTTP_MUTANTS, HTTP_RULES, async ({ breaks }, rules) => {
    return (await runHttpRules(() => open(breaks), { rules })).failed;
  });
}

/** Breaks a server with signed links, as {@link checkHttpMutants} does with a file server. */
export async function checkSignatureMutants(
  open: (breaks: HttpBreak) => Promise<SignedSubject>,
): Promise<HttpMutationReport> {
  return await check(SIGNATURE_MUTANTS, SIGNATURE_RULES, async ({ breaks }, rules) => {
    return (await runSignatureRules(() => open(breaks), { rules })).failed;
  });
}

async function check<Rule extends { readonly title: string }>(
  mutants: readonly HttpMutant[],
  rules: readonly Rule[],
  failures: (mutant: HttpMutant, rules: readonly Rule[]) => Promise<number>,
): Promise<HttpMutationReport> {
  const verdicts: HttpMutantVerdict[] = [];
  for (const mutant of mutants) {
    const chosen = rules.filter(({ title }) => title === mutant.rule);
    verdicts.push({ mutant, caught: (await failures(mutant, chosen)) === 1 });
  }
  const covered = new Set(mutants.map(({ rule }) => rule));
  const untested = rules.map(({ title }) => title).filter((title) => !covered.has(title));
  return { verdicts, untested, ok: untested.length === 0 && verdicts.every(({ caught }) => caught) };
}
