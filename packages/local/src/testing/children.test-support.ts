import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll } from "vitest";
import type { ScenarioName } from "./scenarios.test-support.js";

const SOURCE = fileURLToPath(new URL("./scenarios.test-support.ts", import.meta.url));

/** Starts scenarios in processes of their own. */
export interface Children {
  /** Runs one to its end. @returns What it found out. */
  readonly run: (name: ScenarioName, args: readonly string[], options?: RunOptions) => Promise<unknown>;
  /** Starts one, and lets it be. */
  readonly start: (name: ScenarioName, args: readonly string[]) => Child;
}

export interface Child {
  readonly process: ChildProcess;
  /** What it prints, line by line. */
  readonly lines: AsyncIterator<string>;
  readonly exited: Promise<void>;
}

interface RunOptions {
  /** A program with its arguments that runs another one, such as `prlimit --nofile=64`. */
  readonly under?: readonly string[] | undefined;
  readonly nodeOptions?: readonly string[] | undefined;
}

/** Builds the scenarios once for a test file; a plain file starts five times as fast as TypeScript. */
export async function children(): Promise<Children> {
  const directory = await mkdtemp(join(tmpdir(), "stowage-children-"));
  afterAll(() => rm(directory, { recursive: true, force: true }));
  const outfile = join(directory, "scenarios.mjs");
  await build({
    entryPoints: [SOURCE],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  const start = (name: ScenarioName, args: readonly string[], options: RunOptions = {}): Child => {
    const command = [
      ...(options.under ?? []),
      process.execPath,
      ...(options.nodeOptions ?? []),
      outfile,
      name,
      ...args,
    ];
    return watched(spawn(command[0] ?? "", command.slice(1), { stdio: ["pipe", "pipe", "inherit"] }));
  };
  return {
    start,
    run: async (name, args, options) => {
      const { lines } = start(name, args, options);
      const { value } = (await lines.next()) as { value?: string };
      return JSON.parse(value ?? `"${name} ended without a result"`) as unknown;
    },
  };
}

function watched(child: ChildProcess): Child {
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  if (child.stdout === null) throw new Error("The child's output is not piped");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { process: child, lines, exited };
}

/** Starts several at the same moment, when each has said that it is ready. @returns What each found out. */
export async function together(started: readonly Child[]): Promise<unknown[]> {
  await Promise.all(started.map(({ lines }) => lines.next()));
  for (const { process: child } of started) child.stdin?.write("go\n");
  const results = await Promise.all(started.map(({ lines }) => lines.next()));
  return results.map(({ value }) => JSON.parse(value as string) as unknown);
}

export const isRoot: boolean = process.getuid?.() === 0;

/** Runs a program where it may mount file systems that nobody else sees. */
export const UNSHARED: readonly string[] = [
  "unshare",
  "--mount",
  ...(isRoot ? [] : ["--user", "--map-root-user"]),
];

/** Whether this machine lets the tests do that. */
export const canMount: boolean =
  spawnSync(UNSHARED[0] ?? "", [...UNSHARED.slice(1), "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).status === 0;

/** Runs a program under a limit, such as `--nofile=64`. */
export const LIMITED = "prlimit";

/** Whether this machine lets the tests do that. */
export const canLimit: boolean = spawnSync(LIMITED, ["--version"]).status === 0;
