import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  RULES,
  checkMutants,
  cloudinaryFake,
  runRules,
  type Open,
  type RuleOutcome,
} from "../packages/conformance/src/index.js";
import { bare, restricted } from "../packages/conformance/src/mutants/bases.js";
import {
  fallback,
  limit,
  memory,
  memoryJournal,
  mirror,
  prefixed,
  retry,
  split,
  timeout,
  type Journal,
  type StorageProvider,
} from "../packages/core/src/index.js";
import { local, type LocalOptions } from "../packages/local/src/index.js";
import { cloudinary } from "../packages/cloudinary/src/index.js";
import { sqliteJournal } from "../packages/journal/src/index.js";

/**
 * Runs the contract on every provider, wrapper and composer, and on every mutant. Fails when a rule fails, a
 * mutant survives or a rule has no mutant.
 *
 * With `--thorough` every mutant meets every rule, not only its own and a sample of the others.
 */
interface Subject {
  readonly name: string;
  readonly open: Open;
}

function of(name: string, make: () => StorageProvider): Subject {
  return { name, open: () => ({ provider: make() }) };
}

/** A subject that keeps files, in a temporary folder of its own. */
function onDisk(name: string, make: (root: string) => StorageProvider): Subject {
  const open: Open = async () => {
    const root = await mkdtemp(join(tmpdir(), "stowage-conformance-"));
    const provider = make(root);
    const close = async (): Promise<void> => {
      await provider.close?.();
      await rm(root, { recursive: true, force: true });
    };
    return { provider, close };
  };
  return { name, open };
}

function locals(): Subject[] {
  const found: Subject[] = [];
  for (const layout of ["plain", "portable"] as const) {
    for (const durability of ["fsync", "rename"] as const) {
      for (const symlinkCheck of ["descriptor", "realpath"] as const) {
        const options: Omit<LocalOptions, "root"> = { layout, durability, symlinkCheck };
        found.push(
          onDisk(`local ${layout} ${durability} ${symlinkCheck}`, (root) => local({ root, ...options })),
        );
      }
    }
  }
  return found;
}

function cloudinaries(): Subject[] {
  return (["media", "raw"] as const).map((mapping) => ({
    name: `cloudinary ${mapping}`,
    open: async () => {
      // The rules store texts under the names of videos, and list more often than an account may.
      const limits = { rawBytesMax: 2 ** 30, adminCallsPerHour: 1_000_000 };
      const fake = await cloudinaryFake({ limits, checksFormats: false });
      const { cloudName, apiKey, apiSecret, url } = fake;
      const place = { uploadPrefix: url, deliveryBaseUrl: `${url}/${cloudName}` };
      const provider = cloudinary({ cloudName, apiKey, apiSecret, ...place, mapping, signedUploads: "form" });
      const close = async (): Promise<void> => {
        await provider.close?.();
        await fake.close();
      };
      return { provider, close };
    },
  }));
}

function two(): [StorageProvider, StorageProvider] {
  return [memory({ name: "first" }), memory({ name: "second" })];
}

const unlistable = restricted({ list: false });

const MAY_BE_STALE = { overwrites: "may-be-stale" } as const;

function subjects(): Subject[] {
  return [
    of("memory", () => memory()),
    ...cloudinaries(),
    of("memory without optional features", () => bare(memory())),
    of("memory without listings", () => unlistable(memory())),
    of("fallback of memories without listings", () => fallback(two().map(unlistable))),
    of("mirror of memories without listings", () => mirror(two().map(unlistable))),
    ...locals(),
    of("prefixed(memory)", () => prefixed(memory(), "tenants/7/")),
    onDisk("prefixed(local)", (root) => prefixed(local({ root }), "tenants/7/")),
    of("retry(memory)", () => retry(memory())),
    of("limit(memory)", () => limit(memory(), { concurrency: 4 })),
    of("timeout(memory)", () => timeout(memory())),
    of("retry(timeout(limit(prefixed(memory))))", () =>
      retry(timeout(limit(prefixed(memory(), "a/"), { concurrency: 4 }))),
    ),
    of("fallback of memories", () => fallback(two())),
    of("fallback of memories, may be stale", () => fallback(two(), MAY_BE_STALE)),
    onDisk("fallback of local and memory", (root) => fallback([local({ root }), memory()])),
    onDisk("fallback of local and memory, may be stale", (root) =>
      fallback([local({ root }), memory()], MAY_BE_STALE),
    ),
    of("fallback within a fallback", () => nested({})),
    of("fallback within a fallback, may be stale", () => nested(MAY_BE_STALE)),
    of("mirror of memories", () => mirror(two())),
    of("mirror of memories, may be stale, quorum", () =>
      mirror([...two(), memory({ name: "third" })], { ...MAY_BE_STALE, writes: "quorum" }),
    ),
    of("split of memories", () => split({ ...pair(), percent: 50, salt: "s" })),
    of("split of memories, may be stale", () =>
      split({ ...pair(), ...MAY_BE_STALE, percent: 50, salt: "s" }),
    ),
    ...journaled(),
  ];
}

function pair(): { readonly from: StorageProvider; readonly to: StorageProvider } {
  return { from: memory({ name: "old" }), to: memory({ name: "new" }) };
}

/** Composers with a journal. */
function journaled(): Subject[] {
  const journal = (): { readonly journal: Journal } => ({ journal: memoryJournal() });
  return [
    of("fallback of memories with a journal", () => fallback(two(), journal())),
    of("mirror of memories with a journal", () => mirror(two(), journal())),
    of("mirror of memories with a journal, quorum", () =>
      mirror([...two(), memory({ name: "third" })], { ...journal(), writes: "quorum" }),
    ),
    of("mirror of memories with a journal, primary", () =>
      mirror(two(), { ...journal(), writes: "primary" }),
    ),
    of("split of memories with a journal", () => split({ ...pair(), ...journal(), percent: 50, salt: "s" })),
    onDisk("mirror of local and memory with a journal in SQLite", (root) => {
      const durable = sqliteJournal(join(root, "journal.db"));
      const disk = local({ root: join(root, "objects"), create: true, layout: "portable" });
      const provider = mirror([disk, memory()], { journal: durable });
      const close = async (): Promise<void> => {
        await provider.close?.();
        await durable.close();
      };
      return { ...provider, close };
    }),
    of("fallback of mirrors with one journal", () => {
      const shared = journal();
      const near = mirror(two(), { ...shared, name: "near" });
      return fallback([near, memory({ name: "far" })], shared);
    }),
  ];
}

function nested(options: { readonly overwrites?: "may-be-stale" }): StorageProvider {
  const inner = fallback(two(), { ...options, name: "inner" });
  return fallback([inner, memory({ name: "third" })], { ...options, name: "outer" });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function explain(outcome: RuleOutcome): void {
  if (outcome.status !== "failed") return;
  const { error } = outcome;
  print(`  failed: ${outcome.title}\n    ${error instanceof Error ? error.message : String(error)}`);
}

/** Runs the suite on every subject. */
async function tryProviders(): Promise<{ passed: number; failed: number }> {
  const sum = { passed: 0, failed: 0 };
  for (const { name, open } of subjects()) {
    const report = await runRules(open);
    print(`${name}: ${report.passed} passed, ${report.skipped} skipped, ${report.failed} failed`);
    report.outcomes.forEach(explain);
    sum.passed += report.passed;
    sum.failed += report.failed;
  }
  return sum;
}

const SAMPLE_STRIDE = 6;

/** Runs the suite on every mutant. */
async function tryMutants(): Promise<{ passed: number; failed: number }> {
  const stride = process.argv.includes("--thorough") ? 1 : SAMPLE_STRIDE;
  const { verdicts, untested } = await checkMutants({ stride });
  let failed = untested.length;
  for (const { mutant, caught, excessive, failed: rules } of verdicts) {
    const good = caught && !excessive;
    if (!good) failed++;
    const by = caught ? `caught by: ${mutant.rule}` : "SURVIVED";
    print(`mutant "${mutant.name}" ${by}${excessive ? ` BUT FAILS ${rules.length} RULES` : ""}`);
  }
  for (const title of untested) print(`WITHOUT A MUTANT: ${title}`);
  return { passed: verdicts.length - (failed - untested.length), failed };
}

async function run(): Promise<void> {
  print(`${RULES.length} rules`);
  const providers = await tryProviders();
  const mutants = await tryMutants();
  const passed = providers.passed + mutants.passed;
  const failed = providers.failed + mutants.failed;
  print(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

await run();
