// Runs the test of one trap in a process of its own, made of sources in which the work-around is switched off.
import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ServerKind } from "../real.js";
import type { S3Server } from "../../s3-servers/server.js";
import { BEGUN } from "./child.js";
import { bundleEdited } from "../../edited-bundle.js";
import type { Trap } from "./trap.js";

const execute = promisify(execFile);
const PACKAGES = fileURLToPath(new URL("../../../packages/", import.meta.url));

/** Where the SDK, which stays as it is, is found from. */
const BUNDLES = join(PACKAGES, "s3/node_modules/.without");

/** A test that hangs has failed too. */
const HANGS_MS = 20_000;

let bundles = 0;

/**
 * @returns How the test failed, in a line.
 * @throws Error when it passed, or did not come to run.
 */
export async function failureWithout(kind: ServerKind, server: S3Server, trap: Trap): Promise<string> {
  await mkdir(BUNDLES, { recursive: true });
  const outfile = join(BUNDLES, `${process.pid}-${++bundles}.mjs`);
  try {
    const entry = fileURLToPath(new URL("child.ts", import.meta.url));
    await bundleEdited(entry, outfile, trap.without, ["@aws-sdk/*", "aws-sdk-client-mock", "esbuild"]);
    return await runBundle(outfile, { kind, server, title: trap.title });
  } finally {
    await rm(outfile, { force: true });
  }
}

interface Job {
  readonly kind: ServerKind;
  readonly server: S3Server;
  readonly title: string;
}

async function runBundle(file: string, job: Job): Promise<string> {
  const env = { ...process.env, STOWAGE_TRAP: JSON.stringify(job) };
  try {
    await execute(process.execPath, [file], { env, timeout: HANGS_MS, killSignal: "SIGKILL" });
  } catch (error) {
    const {
      stdout = "",
      stderr = "",
      killed,
    } = error as {
      readonly stdout?: string;
      readonly stderr?: string;
      readonly killed?: boolean;
    };
    if (!stdout.includes(BEGUN))
      throw new Error(`the test did not begin: ${stderr.trim().slice(-500)}`, { cause: error });
    if (killed === true) return "it hangs";
    return reasonIn(stdout.split(BEGUN)[1] ?? "") ?? reasonIn(stderr) ?? "it ends the process";
  }
  throw new Error("the test passes without the work-around");
}

function reasonIn(text: string): string | undefined {
  return text
    .split("\n")
    .find((line) => /Error|left/.test(line))
    ?.trim()
    .slice(0, 120);
}
