import { aFunction, knownNames, wholeNumber, type OptionNames } from "@stowage/core/provider";
import { reportOf, within, type RuleOutcome, type RunReport, type Runner } from "../harness.js";

/** The options of a run of a suite for servers. */
export interface SuiteOptions<Rule> {
  /**
   * The rules to run.
   *
   * @default all rules of the suite
   */
  readonly rules?: readonly Rule[] | undefined;
  /**
   * The time limit for one rule, in milliseconds. A rule that takes longer counts as failed.
   *
   * @default 30,000
   */
  readonly timeoutMs?: number | undefined;
}

/** A rule for servers: one sentence, and the code that checks the sentence. */
export interface ServerRule<Context> {
  readonly title: string;
  readonly run: (context: Context) => Promise<void>;
}

/** A suite: its rules, and the functions that open a server and store the objects for the rules. */
export interface Suite<Subject, Context, Rule extends ServerRule<Context>> {
  /** The name of the function that the user has called, for error messages. */
  readonly caller: string;
  readonly rules: readonly Rule[];
  readonly open: () => Promise<Subject> | Subject;
  /** Stores the objects that the rules need, so that the server serves the objects. */
  readonly prepare: (subject: Subject) => Promise<Context>;
  /** Returns the reason why a rule does not apply, or `undefined` if the rule applies. */
  readonly skips?: ((rule: Rule, context: Context) => string | undefined) | undefined;
}

/** One run of a suite. The server is opened and filled when the first rule runs. */
interface Session<Rule> {
  readonly run: (rule: Rule) => Promise<RuleOutcome>;
  readonly end: () => Promise<void>;
}

const RULE_TIMEOUT_MS = 30_000;

/** Runs a suite, and reports on every rule. */
export async function runSuite<Subject extends Closing, Context, Rule extends ServerRule<Context>>(
  suite: Suite<Subject, Context, Rule>,
  options: SuiteOptions<Rule>,
): Promise<RunReport> {
  const session = startSession(suite, options);
  const outcomes: RuleOutcome[] = [];
  try {
    for (const rule of options.rules ?? suite.rules) outcomes.push(await session.run(rule));
  } finally {
    await session.end();
  }
  return reportOf(outcomes);
}

/** Registers a suite with a test runner: one test for each rule, and a last test that closes the server. */
export function registerSuite<Subject extends Closing, Context, Rule extends ServerRule<Context>>(
  { describe, it }: Runner,
  name: string,
  suite: Suite<Subject, Context, Rule>,
  options: SuiteOptions<Rule>,
): void {
  const session = startSession(suite, options);
  describe(name, () => {
    for (const rule of options.rules ?? suite.rules) {
      it(rule.title, async (test) => {
        const outcome = await session.run(rule);
        if (outcome.status === "failed") throw outcome.error;
        if (outcome.status === "skipped") test?.skip?.(outcome.reason);
      });
    }
    it("closes", session.end);
  });
}

interface Closing {
  readonly close?: (() => Promise<void> | void) | undefined;
}

function startSession<Subject extends Closing, Context, Rule extends ServerRule<Context>>(
  suite: Suite<Subject, Context, Rule>,
  options: SuiteOptions<Rule>,
): Session<Rule> {
  const names: OptionNames<SuiteOptions<Rule>> = { rules: true, timeoutMs: true };
  aFunction(suite.caller, "open", suite.open);
  knownNames(suite.caller, options, names);
  const { timeoutMs = RULE_TIMEOUT_MS } = options;
  wholeNumber(suite.caller, "timeoutMs", timeoutMs, { least: 1 });
  let opened: Promise<{ readonly subject: Subject; readonly context: Context }> | undefined;
  return {
    run: async (rule) => {
      opened ??= prepared(suite);
      const { context } = await opened;
      return await runRule(rule, context, suite.skips?.(rule, context), timeoutMs);
    },
    end: async () => {
      // If the suite could not store its objects, the server is already closed.
      const found = await opened?.catch(() => undefined);
      await found?.subject.close?.();
    },
  };
}

async function prepared<Subject extends Closing, Context, Rule extends ServerRule<Context>>({
  open,
  prepare,
}: Suite<Subject, Context, Rule>): Promise<{ subject: Subject; context: Context }> {
  const subject = await open();
  try {
    return { subject, context: await prepare(subject) };
  } catch (error) {
    await subject.close?.();
    throw error;
  }
}

async function runRule<Context>(
  rule: ServerRule<Context>,
  context: Context,
  reason: string | undefined,
  timeoutMs: number,
): Promise<RuleOutcome> {
  const startedAt = performance.now();
  const end = (): { title: string; milliseconds: number } => ({
    title: rule.title,
    milliseconds: performance.now() - startedAt,
  });
  if (reason !== undefined) return { ...end(), status: "skipped", reason };
  try {
    await within(timeoutMs, rule.run(context));
    return { ...end(), status: "passed" };
  } catch (error) {
    return { ...end(), status: "failed", error };
  }
}
