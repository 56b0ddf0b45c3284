// Serving over HTTP: the rules on every provider and on nginx, and with programs that people use. Names choose some
// of the suites: `test:http [rules] [nginx] [programs] [--no-ceph]`.
import { parseArgs } from "node:util";
import { runHttpRules, runSignatureRules, type RunReport } from "@stowage/conformance/http";
import { runOnNginx } from "./http-tests/nginx.js";
import { places } from "./http-tests/places.js";
import { PROGRAM_TESTS } from "./http-tests/programs.js";
import { signedSubjectOf, subjectOf } from "./http-tests/serving.js";
import { startCeph } from "./s3-servers/ceph.js";
import type { S3Server } from "./s3-servers/server.js";
import { createTally } from "./s3-tests/tally.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { "no-ceph": { type: "boolean", default: false } },
});

/** What nginx keeps at the least: a rule of ours that it breaks without reason would be wrong about everybody. */
const NGINX_KEEPS_MIN = 38;

const tally = createTally();

const SUITES: Readonly<Record<string, (server: S3Server | undefined) => Promise<void>>> = {
  rules: runRules,
  nginx: compareWithNginx,
  programs: runPrograms,
};

async function runRules(server: S3Server | undefined): Promise<void> {
  for (const { name, open } of places(server)) {
    console.log(`\n${name}`);
    report("rules", await runHttpRules(async () => await subjectOf(await open())));
    report("rules of signed links", await runSignatureRules(async () => await signedSubjectOf(await open())));
  }
}

function report(title: string, { outcomes }: RunReport): void {
  for (const outcome of outcomes) {
    if (outcome.status === "passed") tally.add({ passed: 1, failed: 0 });
    else if (outcome.status === "skipped") console.log(`  skipped: ${outcome.title}: ${outcome.reason}`);
    else tally.tell(false, `${outcome.title}\n  ${String(outcome.error)}`);
  }
  const [kept, skipped] = (["passed", "skipped"] as const).map(
    (status) => outcomes.filter((outcome) => outcome.status === status).length,
  );
  console.log(`  ${kept} of ${outcomes.length - (skipped ?? 0)} ${title}`);
}

async function compareWithNginx(): Promise<void> {
  console.log("\nnginx");
  const kept = await runOnNginx();
  for (const [title, isKept, reason] of kept) {
    console.log(`  ${isKept ? "keeps " : "breaks"} ${title}${isKept ? "" : `: ${reason}`}`);
  }
  const count = kept.filter(([, isKept]) => isKept).length;
  tally.tell(count >= NGINX_KEEPS_MIN, `nginx keeps ${count} of ${kept.length} rules`);
}

async function runPrograms(): Promise<void> {
  console.log("\nprograms");
  for (const { title, run } of PROGRAM_TESTS) await tally.test(title, run);
}

async function runChosen(): Promise<void> {
  const unknown = positionals.find((name) => !Object.hasOwn(SUITES, name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${Object.keys(SUITES).join(", ")}`);
  const chosen = Object.entries(SUITES).filter(
    ([name]) => positionals.length === 0 || positionals.includes(name),
  );
  const needsCeph = !options["no-ceph"] && chosen.some(([name]) => name === "rules");
  const server = needsCeph ? await startCeph() : undefined;
  try {
    for (const [, suite] of chosen) await suite(server);
  } finally {
    await server?.stop();
  }
  console.log(tally.closingLine());
  if (tally.hasFailures()) process.exitCode = 1;
}

try {
  await runChosen();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
