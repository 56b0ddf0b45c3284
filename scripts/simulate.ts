// Runs the composers through histories full of faults, in virtual time, and checks what their clients saw.
//
//   pnpm simulate --histories 10000            every scenario
//   pnpm simulate --scenario split --seed 42 --trace
//   pnpm simulate --ablations                  each rule of the protocol taken out must be noticed
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { ABLATIONS, type Ablation } from "./simulate/ablations.js";
import { createTally } from "./s3-tests/tally.js";
import type { Job, Report } from "./simulate/child.js";
import { BROKE } from "./simulate/history.js";
import { createSimulator, type Simulator } from "./simulate/run-job.js";
import { SCENARIOS } from "./simulate/scenarios.js";

const { values: options } = parseArgs({
  options: {
    histories: { type: "string", default: "1000" },
    scenario: { type: "string" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    ablations: { type: "boolean", default: false },
    rule: { type: "string" },
  },
});

/** How much of the histories must have met what they are for, in each scenario that is full of faults. */
const FLOORS = { unknownApplied: 0.1, crashOnOpenIntent: 0.1, lateAfterNewer: 0.05 } as const;

/** How much of all histories must have met what only some scenarios have. */
const FLOORS_OF_ALL = { stopped: 0.1, restored: 0.05, membersChanged: 0.05 } as const;

const JOB_HISTORIES = 500;

const tally = createTally();

function jobsOf(scenario: string, histories: number, stopsAtFirst: boolean): readonly Job[] {
  if (options.seed !== undefined) {
    return [{ scenario, fromSeed: Number(options.seed), count: 1, stopsAtFirst, traces: options.trace }];
  }
  return Array.from({ length: Math.ceil(histories / JOB_HISTORIES) }, (_, index) => ({
    scenario,
    fromSeed: index * JOB_HISTORIES,
    count: Math.min(JOB_HISTORIES, histories - index * JOB_HISTORIES),
    stopsAtFirst,
    traces: false,
  }));
}

/** Runs jobs, one for each processor at a time, in order, until one of them is enough. */
async function runAll(
  simulator: Simulator,
  jobs: readonly Job[],
  isEnough: (report: Report) => boolean,
): Promise<readonly Report[]> {
  const reports: Report[] = [];
  const queue = [...jobs];
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const report = await simulator.run(job, console.log);
      reports.push(report);
      if (isEnough(report)) queue.length = 0;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return reports;
}

async function simulateAll(simulator: Simulator, histories: number): Promise<void> {
  const scenarios = SCENARIOS.filter(
    ({ name }) => options.scenario === undefined || options.scenario === name,
  );
  if (scenarios.length === 0)
    throw new Error(`The scenarios are ${SCENARIOS.map(({ name }) => name).join(", ")}`);
  const all: Report[] = [];
  for (const { name, most = histories, isRestless, isOwnWorld } of scenarios) {
    const startedAt = performance.now();
    const count = options.scenario === undefined ? Math.min(histories, most) : histories;
    const reports = await runAll(simulator, jobsOf(name, count, false), () => false);
    all.push(...reports);
    const violations = reports.flatMap((report) => report.violations);
    const share = (of: (report: Report) => number): number =>
      sum(reports, of) / sum(reports, (each) => each.histories);
    const coverage = {
      unknownApplied: share((report) => report.unknownApplied),
      crashOnOpenIntent: share((report) => report.crashOnOpenIntent),
      lateAfterNewer: share((report) => report.lateAfterNewer),
    };
    const isCovered =
      options.seed !== undefined ||
      isRestless === true ||
      isOwnWorld === true ||
      Object.entries(FLOORS).every(([what, floor]) => coverage[what as keyof typeof FLOORS] >= floor);
    for (const { seed, texts } of violations.slice(0, 5)) {
      console.log(`     seed ${seed}: ${texts.join("\n          ")}`);
    }
    const answered = sum(reports, (report) => report.answered) / sum(reports, (report) => report.calls);
    const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
    tally.tell(
      violations.length === 0 && isCovered,
      `${name}: ${sum(reports, (report) => report.histories)} histories, ${violations.length} with violations; ` +
        `unknown writes that had taken effect in ${percent(coverage.unknownApplied)}, crashes on an open intent in ` +
        `${percent(coverage.crashOnOpenIntent)}, late arrivals after a newer write in ${percent(coverage.lateAfterNewer)}; ` +
        `processes that were stopped for longer than lease and settle in ${percent(share((report) => report.stopped))}; ` +
        `${percent(answered)} of calls answered; ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
    );
  }
  if (options.scenario === undefined) tellCoverage(all);
}

/** What only some scenarios have must be met often enough in all histories together. */
function tellCoverage(reports: readonly Report[]): void {
  const histories = sum(reports, (each) => each.histories);
  const shares = Object.entries(FLOORS_OF_ALL).map(([what, floor]) => {
    const share = sum(reports, (each) => each[what as keyof typeof FLOORS_OF_ALL]) / histories;
    return { what, share, isEnough: share >= floor };
  });
  tally.tell(
    shares.every(({ isEnough }) => isEnough),
    `of all histories ${shares.map(({ what, share }) => `${what} in ${(100 * share).toFixed(1)} %`).join(", ")}`,
  );
}

function sum(reports: readonly Report[], of: (report: Report) => number): number {
  return reports.reduce((total, report) => total + of(report), 0);
}

async function ablate({ rule, scenarios, without }: Ablation, histories: number): Promise<void> {
  const simulator = await createSimulator(without);
  try {
    for (const scenario of scenarios) {
      const reports = await runAll(
        simulator,
        jobsOf(scenario, histories, true),
        ({ violations }) => violations.length > 0,
      );
      const [first] = reports.flatMap(({ violations }) => violations).toSorted((a, b) => a.seed - b.seed);
      if (first === undefined) continue;
      tally.tell(
        !first.texts.some((text) => text.startsWith(BROKE)),
        `without "${rule}": ${scenario}, seed ${first.seed}: ${first.texts[0]?.slice(0, 100)}`,
      );
      return;
    }
    tally.tell(
      false,
      `without "${rule}" nothing was noticed in ${histories} histories of ${scenarios.join(", ")}`,
    );
  } finally {
    await simulator.remove();
  }
}

const histories = Number(options.histories);
if (options.ablations) {
  for (const ablation of ABLATIONS) {
    if (options.rule === undefined || ablation.rule.includes(options.rule)) await ablate(ablation, histories);
  }
} else {
  const simulator = await createSimulator([]);
  try {
    await simulateAll(simulator, histories);
  } finally {
    await simulator.remove();
  }
}
console.log(`\n${tally.closingLine()}`);
if (tally.hasFailures()) process.exitCode = 1;
