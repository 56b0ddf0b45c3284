import { randomBytes } from "node:crypto";
import type { StorageProvider } from "@stowage/core";
import { aFunction, knownNames, oneOf, wholeNumber, type OptionNames } from "@stowage/core/provider";
import { createContext, pages, type StorageBreak } from "./context.js";
import { skipReason } from "./needs.js";
import type { Rule } from "./rule.js";
import { RULES } from "./rules.js";

/** A provider that was opened for the suite, with the function that closes it. */
export interface Opened {
  readonly provider: StorageProvider;
  /** Closes the provider. The suite calls this function after the last rule. */
  readonly close?: (() => Promise<void> | void) | undefined;
}

/**
 * A function that opens the provider for the suite. It is called once for the whole suite, and again for each rule that
 * closes its provider.
 */
export type Open = () => Promise<Opened> | Opened;

/** The options of {@link conformance}: the function that opens the provider, and the options of the run. */
export interface ConformanceOptions extends RunOptions {
  readonly open: Open;
}

/**
 * The options of a run of the suite. No option skips a rule. A rule is skipped only if the provider declares that it lacks a
 * feature.
 */
export interface RunOptions {
  /**
   * The rules to run.
   *
   * @default all of {@link RULES}
   */
  readonly rules?: readonly Rule[] | undefined;
  /**
   * The time limit for one rule, in milliseconds. A rule that takes longer counts as failed.
   *
   * @default 20,000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Opens a separate provider for each rule, instead of one provider for all rules.
   *
   * @default false
   */
  readonly fresh?: boolean | undefined;
  /**
   * Breaks each facade on purpose, before a rule uses the facade. Only mutants set this function.
   *
   * @default none
   */
  readonly breakStorage?: StorageBreak | undefined;
}

/** The outcome of one rule. */
export type RuleOutcome = { readonly title: string; readonly milliseconds: number } & (
  | { readonly status: "passed" }
  | { readonly status: "skipped"; readonly reason: string }
  | { readonly status: "failed"; readonly error: unknown }
);

/** The outcomes of all rules, in the order of the suite, and their counts. */
export interface RunReport {
  readonly outcomes: readonly RuleOutcome[];
  readonly passed: number;
  readonly skipped: number;
  readonly failed: number;
}

const RULE_TIMEOUT_MS = 20_000;

/** One run of the suite. The shared provider is opened when a rule first needs it. */
interface Session {
  readonly options: RunOptions;
  readonly open: Open;
  /** A random part of every prefix, so that two runs on one bucket do not disturb each other. */
  readonly run: string;
  shared: Promise<Opened> | undefined;
}

function startSession(open: Open, options: RunOptions): Session {
  return { open, options, run: randomBytes(3).toString("hex"), shared: undefined };
}

function sharedOf(session: Session): Promise<Opened> {
  session.shared ??= Promise.resolve(session.open());
  return session.shared;
}

async function endSession({ shared }: Session): Promise<void> {
  await (await shared)?.close?.();
}

const RUN_OPTIONS: OptionNames<RunOptions> = {
  rules: true,
  timeoutMs: true,
  fresh: true,
  breakStorage: true,
};

/** Checks the options of a run. @throws TypeError if a name or a value is wrong. */
function checkRun(caller: string, open: Open, options: RunOptions): void {
  aFunction(caller, "open", open);
  knownNames(caller, options, RUN_OPTIONS);
  wholeNumber(caller, "timeoutMs", options.timeoutMs ?? RULE_TIMEOUT_MS, { least: 1 });
  oneOf(caller, "fresh", options.fresh, [undefined, true, false]);
}

/**
 * Runs the suite on a provider and reports on every rule.
 *
 * The rules run one after the other, each under its own prefix. If the provider can list, the objects that a rule leaves
 * under its prefix are deleted. A rule that hangs counts as failed. The call rejects only if the provider cannot be opened
 * or closed.
 */
export async function runRules(open: Open, options: RunOptions = {}): Promise<RunReport> {
  checkRun("runRules", open, options);
  const session = startSession(open, options);
  const outcomes: RuleOutcome[] = [];
  try {
    for (const [index, rule] of (options.rules ?? RULES).entries()) {
      outcomes.push(await runRule(session, rule, index));
    }
  } finally {
    await endSession(session);
  }
  return reportOf(outcomes);
}

/** Makes the report of a run: the outcomes, and the counts of passed, skipped and failed rules. */
export function reportOf(outcomes: readonly RuleOutcome[]): RunReport {
  const count = (status: RuleOutcome["status"]): number =>
    outcomes.filter((outcome) => outcome.status === status).length;
  return { outcomes, passed: count("passed"), skipped: count("skipped"), failed: count("failed") };
}

async function runRule(session: Session, rule: Rule, index: number): Promise<RuleOutcome> {
  const own = session.options.fresh === true || rule.own === true;
  const opened = own ? await session.open() : await sharedOf(session);
  const startedAt = performance.now();
  const end = (): { title: string; milliseconds: number } => ({
    title: rule.title,
    milliseconds: performance.now() - startedAt,
  });
  const reason = skipReason(rule, opened.provider);
  if (reason !== undefined) {
    if (own) await opened.close?.();
    return { ...end(), status: "skipped", reason };
  }
  try {
    await tryRule(session, rule, `r${String(index).padStart(3, "0")}-${session.run}/`, opened.provider, own);
    return { ...end(), status: "passed" };
  } catch (error) {
    return { ...end(), status: "failed", error };
  } finally {
    if (own) await opened.close?.();
  }
}

async function tryRule(
  session: Session,
  rule: Rule,
  prefix: string,
  provider: StorageProvider,
  own: boolean,
): Promise<void> {
  const { breakStorage, timeoutMs = RULE_TIMEOUT_MS } = session.options;
  const { context, tidy } = createContext({ provider, prefix, breakStorage });
  try {
    await within(timeoutMs, rule.run(context));
    if (session.options.fresh === true) return;
    // A rule that closes its own provider cannot clean up afterwards. So the shared provider deletes the objects of this rule.
    const cleaner = own ? (await sharedOf(session)).provider : provider;
    await within(timeoutMs, clean(cleaner, prefix));
  } finally {
    await tidy();
  }
}

/** Waits for the work. Rejects if the work takes longer than the limit, because a provider that hangs counts as failed. */
export async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the rule has not ended after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function clean(provider: StorageProvider, prefix: string): Promise<void> {
  if (!provider.supports.list) return;
  const keys: string[] = [];
  for await (const page of pages(provider, { prefix })) keys.push(...page.objects.map(({ key }) => key));
  await Promise.all(keys.map((key) => provider.delete(key, {})));
}

/** The part of a test's context that the suite needs: the function that skips the test. Vitest and `node:test` both have it. */
interface TestContext {
  readonly skip?: ((reason?: string) => unknown) | undefined;
}

/** The functions of a test runner that the suite needs. Vitest and `node:test` both use these names. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: (context?: TestContext) => Promise<void>) => unknown;
}

/**
 * Registers the suite with a test runner: one test for each rule, and a last test that closes the provider.
 *
 * @param runner - `{ describe, it }` of Vitest, of `node:test`, or of any runner with the same functions.
 * @param name - The name of the provider, for the runner's output.
 * @param options - The options. `open` is called inside the first test, so that a failure to open the provider is a failed
 * test.
 * @example
 * ```ts
 * import { describe, it } from "node:test";
 * conformance({ describe, it }, "memory", { open: () => ({ provider: memory() }) });
 * ```
 */
export function conformance(runner: Runner, name: string, options: ConformanceOptions): void {
  const { open, ...run } = options;
  checkRun("conformance", open, run);
  const session = startSession(open, run);
  runner.describe(name, () => {
    for (const [index, rule] of (options.rules ?? RULES).entries()) {
      runner.it(rule.title, async (test) => {
        const outcome = await runRule(session, rule, index);
        if (outcome.status === "failed") throw outcome.error;
        if (outcome.status === "skipped") test?.skip?.(outcome.reason);
      });
    }
    runner.it("closes", () => endSession(session));
  });
}
