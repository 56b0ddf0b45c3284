import { spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleEdited, type Edit } from "../edited-bundle.js";
import type { Job, Report } from "./child.js";

/** From here a bundle finds the database driver. */
const BUNDLES = fileURLToPath(new URL("../../packages/journal/node_modules/.simulate", import.meta.url));

let bundles = 0;

/** A program that runs jobs: made of the sources as they are, or with edits. */
export interface Simulator {
  readonly run: (job: Job, onLine?: (line: string) => void) => Promise<Report>;
  readonly remove: () => Promise<void>;
}

export async function createSimulator(edits: readonly Edit[]): Promise<Simulator> {
  await mkdir(BUNDLES, { recursive: true });
  const file = join(BUNDLES, `${process.pid}-${++bundles}.mjs`);
  const entry = fileURLToPath(new URL("child.ts", import.meta.url));
  await bundleEdited(entry, file, edits, ["libsql", "esbuild"]);
  return {
    run: async (job, onLine = () => {}) => await runChild(file, job, onLine),
    remove: async () => await rm(file, { force: true }),
  };
}

/** In a process of its own: under virtual time nothing else should run. */
async function runChild(file: string, job: Job, onLine: (line: string) => void): Promise<Report> {
  const env = { ...process.env, STOWAGE_SIMULATION: JSON.stringify(job) };
  const child = spawn(process.execPath, [file], { env, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (last !== undefined) onLine(last);
      last = line;
    }
  });
  let last: string | undefined;
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code === 0 && last !== undefined) return JSON.parse(last) as Report;
  throw new Error(`The simulation of ${job.scenario} ended with ${String(code)}`);
}
