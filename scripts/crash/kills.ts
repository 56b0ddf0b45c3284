import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded, between, type Random } from "../simulate/random.js";

/** What kills of one composer showed. */
export interface KillReport {
  readonly kills: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly torn: number;
  readonly temporaries: number;
  readonly problems: readonly string[];
}

/** What may be in each key: what was acknowledged last, and what has begun since. */
type Expected = Map<string, Set<string>>;

const KILLS_PER_CHECK = 20;
const PATIENCE_MS = 30_000;

/**
 * Starts a process that writes, kills it with SIGKILL somewhere in the middle, starts the next one on the same folder,
 * and so on. From time to time all is put right and looked at.
 *
 * @param folder - Of a program in which the built packages are installed.
 */
export async function killAgainAndAgain(
  folder: string,
  mode: "mirror" | "fallback",
  kills: number,
  seed: number,
): Promise<KillReport> {
  const place = mkdtempSync(join(tmpdir(), "stowage-kills-"));
  const random = seeded(seed);
  const expected: Expected = new Map();
  const report = { kills: 0, acknowledged: 0, lost: 0, torn: 0, temporaries: 0, problems: [] as string[] };
  try {
    while (report.kills < kills) {
      for (let count = 0; count < KILLS_PER_CHECK && report.kills < kills; count++) {
        report.acknowledged += await writeAndDie(folder, place, mode, random, expected);
        report.kills++;
      }
      await checkAll(folder, place, mode, expected, report);
    }
    return report;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The share of processes that are killed after a time. */
const TIMED_SHARE = 0.25;

/** The others are killed in the middle of one of so many writes. */
const WRITES_MAX = 12;

/** @returns How many writes were acknowledged. */
async function writeAndDie(
  folder: string,
  place: string,
  mode: string,
  random: Random,
  expected: Expected,
): Promise<number> {
  const seed = String(Math.floor(random() * 1e9));
  // By the clock, which may be before the first write, or by the number of writes, which does not depend on speed.
  const lives = between(random, 20, 250);
  const isTimed = random() < TIMED_SHARE;
  let writesLeft = Math.ceil(between(random, 0, WRITES_MAX));
  let acknowledged = 0;
  const child = spawn(process.execPath, ["kill-child.mjs", place, mode, "write", seed], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await eachLine(child, (line) => {
    const [what = "", key = "", id = ""] = line.split(" ");
    if (what !== "ready") note(expected, what, key, id);
    const isOver = what === "ready" ? isTimed : what === "begin" && --writesLeft === 0 && !isTimed;
    if (isOver) setTimeout(() => child.kill("SIGKILL"), what === "ready" ? lives : lives / 10);
    if (what === "done") acknowledged++;
  });
  return acknowledged;
}

function note(expected: Expected, what: string, key: string, id: string): void {
  const possible = expected.get(key) ?? new Set(["-"]);
  expected.set(key, what === "done" ? new Set([id]) : possible);
  if (what === "begin") possible.add(id);
  if (what === "failed" && id !== "-") possible.delete(id);
}

async function eachLine(child: ReturnType<typeof spawn>, take: (line: string) => void): Promise<void> {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
  const tooLong = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(tooLong);
}

/** Has all put right, and compares what is there with what may be. */
async function checkAll(
  folder: string,
  place: string,
  mode: "mirror" | "fallback",
  expected: Expected,
  report: { lost: number; torn: number; temporaries: number; readonly problems: string[] },
): Promise<void> {
  const child = spawn(process.execPath, ["kill-child.mjs", place, mode, "check", "1"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let isDone = false;
  await eachLine(child, (line) => {
    const [what = "", key = "", ...ids] = line.split(" ");
    if (what === "journal") {
      isDone = true;
      if (key !== "0") report.problems.push(`the journal has ${key} rows when all is put right`);
    }
    if (what !== "found") return;
    const [read = "", first = "", second = ""] = ids;
    if (ids.some((id) => id.startsWith("TORN"))) report.torn++;
    const possible = expected.get(key) ?? new Set(["-"]);
    if (!possible.has(read)) {
      report.lost++;
      report.problems.push(`${key} is ${read}, and not ${[...possible].join(" or ")}`);
    }
    const members = mode === "mirror" ? [read, read] : [read, "-"];
    if (first !== members[0] || second !== members[1]) {
      report.problems.push(`${key} is ${read}, and the members hold ${first} and ${second}`);
    }
    expected.set(key, new Set([read]));
  });
  if (!isDone) report.problems.push("what was left could not be put right in time");
  report.temporaries += leftovers(place);
}

/** Counts unfinished files of the members: objects beside those that are there, and the providers' own. */
function leftovers(place: string): number {
  const roots = ["a", "b"].map((name) => join(place, name)).filter((path) => existsSync(path));
  const names = roots.flatMap((path) => readdirSync(path, { recursive: true, encoding: "utf8" }));
  return names.filter((name) => /(?:^|\/)\.stowage(?:\/tmp\/|-tmp\.)/.test(name)).length;
}
