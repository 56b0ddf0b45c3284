import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "../simulate/random.js";
import { startStopProcess, type StopProcess } from "./stop-process.js";
import { openRows } from "./stop-rows.js";
import { practise, TIMES, tryStop, type Lane, type Trial } from "./stop-trial.js";

/** What stops of processes in the middle of writes showed. */
export interface StopReport {
  readonly trials: readonly Trial[];
  /** Stops that came when the write was over. */
  readonly missed: number;
  /** Writes of processes that were never stopped, and that lost their lease because nobody could write the journal. */
  readonly conflicts: number;
  /** How many rows the journal has when all is put right. */
  readonly rows: number;
  /** Keys that have changed once more after they were settled. */
  readonly problems: readonly string[];
}

export interface StopPlan {
  /** Of a program in which the packages are installed. */
  readonly program: string;
  readonly stops: number;
  /** How the names of buckets begin; absent for local members. */
  readonly buckets?: string | undefined;
}

/** Half of the eight processes are stopped, each by itself; the other half writes. */
const LANES = 4;

/** So many stops may come too late for each that counts. */
const MISSES_MAX = 20;

/** Stops processes with SIGSTOP in the middle of writes, for longer than lease and settle, while others write the same keys. */
export async function stopAgainAndAgain({ program, stops, buckets }: StopPlan): Promise<StopReport> {
  const folder = mkdtempSync(join(tmpdir(), "stowage-stops-"));
  const processes: StopProcess[] = [];
  const report = { trials: [] as Trial[], missed: 0, problems: [] as string[] };
  try {
    const start = async (): Promise<StopProcess> => {
      const args = [folder, JSON.stringify(TIMES), ...(buckets === undefined ? [] : [buckets])];
      const started = await startStopProcess(program, args);
      processes.push(started);
      return started;
    };
    // The first one makes the journal and the members.
    const first = await start();
    const rows = openRows(folder);
    const lanes: Lane[] = [];
    for (let index = 0; index < LANES; index++) {
      const [stopped, other] = [index === 0 ? first : await start(), await start()];
      lanes.push({
        name: `lane-${index}`,
        random: seeded(index + 1),
        lengths: new Map(),
        count: 0,
        conflicts: 0,
        folder,
        rows,
        stopped,
        other,
      });
    }
    await Promise.all(lanes.map(practise));
    await Promise.all(lanes.map(async (lane) => await run(lane, stops, report)));
    const left = await lookOnceMore(first, report);
    await Promise.all(processes.map(async (each) => await each.ask("end")));
    rows.close();
    return { ...report, rows: left, conflicts: lanes.reduce((sum, { conflicts }) => sum + conflicts, 0) };
  } finally {
    for (const each of processes) each.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(
  lane: Lane,
  stops: number,
  report: { readonly trials: Trial[]; missed: number },
): Promise<void> {
  while (report.trials.length < stops && report.missed < MISSES_MAX * stops) {
    const trial = await tryStop(lane);
    if (trial === undefined) {
      report.missed++;
      continue;
    }
    report.trials.push(trial);
  }
}

/** What comes late must not be seen either: all keys are read again at the end. @returns How many rows are left. */
async function lookOnceMore(
  process: StopProcess,
  { trials, problems }: { readonly trials: readonly Trial[]; readonly problems: string[] },
): Promise<number> {
  const { rows } = await process.ask<{ readonly rows: readonly number[] }>("rest");
  for (const { composer, key, values: before } of trials) {
    const { values } = await process.ask<{ readonly values: readonly string[] }>("read", { composer, key });
    if (before.some((each, index) => each !== values[index])) {
      problems.push(
        `${key} of the ${composer} was ${before.join(", ")}, and is ${values.join(", ")} at the end`,
      );
    }
  }
  return rows.reduce((sum, each) => sum + each, 0);
}
