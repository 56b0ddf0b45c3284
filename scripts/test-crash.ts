// What survives when power is lost and processes are killed: `pnpm test:crash [--kills 1000] [--seconds 60]`.
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { tryJournalStates } from "./crash/journal-states.js";
import { killAgainAndAgain } from "./crash/kills.js";
import { shareOneJournal } from "./crash/share.js";
import { DISK_MUTANTS } from "./crash/power-loss-mutants.js";
import type { PowerLossReport } from "./crash/power-loss.js";
import { createTally } from "./s3-tests/tally.js";
import { bundleEdited, type Edit } from "./edited-bundle.js";
import { installPackages } from "./installed-packages.js";

const { values: options } = parseArgs({
  options: { kills: { type: "string", default: "1000" }, seconds: { type: "string", default: "60" } },
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
  const journal = await tryJournalStates();
  tell(
    journal.problems.length === 0,
    `power lost while the journal is written: ${journal.states} states, ${journal.problems.length} of them wrong`,
    journal.problems,
  );
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
    await installPackages(folder, ["core", "local", "journal"]);
    for (const file of ["kill-child.mjs", "share-child.mjs"]) {
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

await tryPowerLoss();
await withProgram(async (folder) => {
  await tryKills(folder, Number(options.kills));
  await tryProcesses(folder, Number(options.seconds));
});
console.log(`\n${tally.closingLine()}`);
if (tally.hasFailures()) process.exitCode = 1;
