// What survives when power is lost, and when processes are killed or stopped:
// `test:crash [power] [kills] [processes] [stops] [--kills 1000] [--seconds 60] [--stops 24] [--ceph] [--checkout FOLDER]`.
// Names choose some of the suites. With --ceph the stopped processes write to Ceph, with --checkout they run the packages of another checkout.
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { tryJournalStates } from "./crash/journal-states.js";
import { killAgainAndAgain } from "./crash/kills.js";
import { shareOneJournal } from "./crash/share.js";
import { reportOnStops } from "./crash/stop-report.js";
import { stopAgainAndAgain, type StopReport } from "./crash/stops.js";
import { DISK_MUTANTS } from "./crash/power-loss-mutants.js";
import type { PowerLossReport } from "./crash/power-loss.js";
import { createTally } from "./s3-tests/tally.js";
import { bundleEdited, type Edit } from "./edited-bundle.js";
import { installPackages } from "./installed-packages.js";
import { startCeph } from "./s3-servers/ceph.js";
import { bucketVariables } from "./s3-servers/server.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
    stops: { type: "string", default: "24" },
    ceph: { type: "boolean", default: false },
    checkout: { type: "string" },
  },
});

const execute = promisify(execFile);
const STATES_MIN = 1500;

const tally = createTally();

function tell(isGood: boolean, text: string, problems: readonly string[] = []): void {
  tally.tell(isGood, text);
  for (const problem of problems.slice(0, 10)) console.log(`       ${problem}`);
}

/** In a process of its own, whose system calls are watched, from sources as they are or with edits. */
async function losePower(edits: readonly Edit[], how: "all" | "first"): Promise<PowerLossReport> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-power-loss-bundle-"));
  try {
    const file = join(folder, "power-loss.mjs");
    await bundleEdited(fileURLToPath(new URL("crash/power-loss.ts", import.meta.url)), file, edits, []);
    const env = { ...process.env, STOWAGE_POWER_LOSS: how };
    const { stdout } = await execute(process.execPath, [file], { env, maxBuffer: 2 ** 26 });
    return JSON.parse(stdout) as PowerLossReport;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tryPowerLoss(): Promise<void> {
  const { states, problems } = await losePower([], "all");
  tell(
    problems.length === 0 && states >= STATES_MIN,
    `power lost on a local disk: ${states} states, ${problems.length} of them wrong`,
    problems,
  );
  for (const { name, edits } of DISK_MUTANTS) {
    const report = await losePower(edits, "first");
    tell(report.problems.length > 0, `noticed when ${name}: ${report.problems[0] ?? "no"}`);
  }
  const journal = await tryJournalStates(true);
  tell(
    journal.problems.length === 0,
    `power lost while the journal is written: ${journal.states} states, ${journal.problems.length} of them wrong`,
    journal.problems,
  );
  const [unsynced] = (await tryJournalStates(false)).problems;
  tell(unsynced !== undefined, `noticed when the journal's log is not synced: ${unsynced ?? "no"}`);
}

const PROCESSES = 3;
const BLOCKED_MS_MAX = 50;

/** A short run beside other work says little about time: there it is only told. */
const JUDGED_SECONDS = 60;

async function tryProcesses(folder: string, seconds: number): Promise<void> {
  const { written, failed, blockedMs, problems } = await shareOneJournal(folder, PROCESSES, seconds);
  tell(
    problems.length === 0 && failed === 0 && (seconds < JUDGED_SECONDS || blockedMs < BLOCKED_MS_MAX),
    `${PROCESSES} processes on one journal for ${seconds} s: ${written} writes acknowledged, ${failed} failed, ` +
      `${problems.length} lost, the event loop was never taken for longer than ${blockedMs.toFixed(1)} ms`,
    problems,
  );
}

async function withProgram(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-kills-program-"));
  try {
    const names = ["core", "local", "journal", ...(options.ceph ? ["s3"] : [])];
    await installPackages(folder, names, [], options.checkout);
    for (const file of ["kill-child.mjs", "share-child.mjs", "stop-child.mjs"]) {
      await copyFile(new URL(`crash/${file}`, import.meta.url), join(folder, file));
    }
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tryKills(folder: string, kills: number): Promise<void> {
  const modes = ["mirror", "fallback"] as const;
  await Promise.all(
    modes.map(async (mode, index) => {
      const report = await killAgainAndAgain(folder, mode, Math.ceil(kills / modes.length), index + 1);
      const { lost, torn, temporaries, problems, acknowledged } = report;
      tell(
        problems.length === 0 && lost + torn + temporaries === 0 && acknowledged > report.kills,
        `${mode} of two local disks with a journal: ${report.kills} kills survived, ${acknowledged} writes acknowledged, ` +
          `${lost} lost, ${torn} torn, ${temporaries} temporary files left`,
        problems,
      );
    }),
  );
}

async function tryStops(program: string, stops: number): Promise<void> {
  const tellAll = (members: string, report: StopReport): void => {
    for (const { isGood, text, problems } of reportOnStops(members, report)) tell(isGood, text, problems);
  };
  if (!options.ceph) return tellAll("local members", await stopAgainAndAgain({ program, stops }));
  const server = await startCeph();
  try {
    const buckets = "stops";
    for (const name of ["a", "b", "c", "d"]) {
      Object.assign(process.env, await bucketVariables(server, `${buckets}-${name}`));
    }
    tellAll(server.title, await stopAgainAndAgain({ program, stops, buckets }));
  } finally {
    await server.stop();
  }
}

const SUITES: Readonly<Record<string, (program: string) => Promise<void>>> = {
  kills: async (program) => await tryKills(program, Number(options.kills)),
  processes: async (program) => await tryProcesses(program, Number(options.seconds)),
  stops: async (program) => await tryStops(program, Number(options.stops)),
};

const unknown = positionals.find((name) => name !== "power" && !(name in SUITES));
if (unknown !== undefined) throw new Error(`${unknown} is none of power, ${Object.keys(SUITES).join(", ")}`);
const isChosen = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
if (isChosen("power")) await tryPowerLoss();
const chosen = Object.entries(SUITES).filter(([name]) => isChosen(name));
if (chosen.length > 0) {
  await withProgram(async (program) => {
    for (const [, run] of chosen) await run(program);
  });
}
console.log(`\n${tally.closingLine()}`);
if (tally.hasFailures()) process.exitCode = 1;
