// Runs some histories of one scenario and prints what they showed, as JSON.
import { createDisk } from "./fake-journal.js";
import { runHistory, type Outcome } from "./history.js";
import { SCENARIOS } from "./scenarios.js";
import { rowChecks, textBody } from "./core.js";

/** What a child is to do. */
export interface Job {
  readonly scenario: string;
  readonly fromSeed: number;
  readonly count: number;
  /** A mutant is caught as soon as it does one thing wrong. */
  readonly stopsAtFirst: boolean;
  readonly traces: boolean;
}

/** What it says in the end. */
export interface Report {
  readonly histories: number;
  readonly violations: readonly { readonly seed: number; readonly texts: readonly string[] }[];
  readonly unknownApplied: number;
  readonly crashOnOpenIntent: number;
  readonly lateAfterNewer: number;
  readonly stopped: number;
  readonly restored: number;
  readonly membersChanged: number;
  readonly answered: number;
  readonly calls: number;
}

const VIOLATIONS_SHOWN = 5;

async function run({ scenario: name, fromSeed, count, stopsAtFirst, traces }: Job): Promise<Report> {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`There is no scenario ${name}`);
  // Errors are most of what happens here, and nobody looks where they came from.
  if (!traces) Error.stackTraceLimit = 0;
  // What is loaded when it is first needed would come at another moment than the next time.
  await textBody("");
  rowChecks.isOn = true;
  const disk = createDisk();
  const outcomes: Outcome[] = [];
  const violations: { readonly seed: number; readonly texts: readonly string[] }[] = [];
  for (let seed = fromSeed; seed < fromSeed + count; seed++) {
    const outcome = await runHistory(scenario, seed, disk, traces ? console.log : undefined);
    outcomes.push(outcome);
    if (outcome.violations.length > 0) violations.push({ seed, texts: outcome.violations });
    if (violations.length > 0 && stopsAtFirst) break;
  }
  const sum = (of: (outcome: Outcome) => number | boolean): number =>
    outcomes.reduce((total, outcome) => total + Number(of(outcome)), 0);
  return {
    histories: outcomes.length,
    violations: violations.slice(0, VIOLATIONS_SHOWN).concat(violations.slice(VIOLATIONS_SHOWN).map(bare)),
    unknownApplied: sum(({ unknownApplied }) => unknownApplied),
    crashOnOpenIntent: sum(({ crashOnOpenIntent }) => crashOnOpenIntent),
    lateAfterNewer: sum(({ lateAfterNewer }) => lateAfterNewer),
    stopped: sum(({ stopped }) => stopped),
    restored: sum(({ restored }) => restored),
    membersChanged: sum(({ membersChanged }) => membersChanged),
    answered: sum(({ answered }) => answered),
    calls: sum(({ calls }) => calls),
  };
}

function bare({ seed }: { readonly seed: number }): {
  readonly seed: number;
  readonly texts: readonly string[];
} {
  return { seed, texts: [] };
}

const job = process.env["STOWAGE_SIMULATION"];
if (job !== undefined) console.log(JSON.stringify(await run(JSON.parse(job) as Job)));
