/**
 * Runs each measurement in child processes, on a folder of its own.
 *
 * Small files stay there until the end of the run: some file systems (ext4 without a journal) take long to make
 * files for minutes after many were deleted. For the same reason deletes are measured last.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "./statistics.mjs";
import { SUBJECTS, moduleOf } from "./subjects.mjs";

export async function measureComparisons(comparisons, root, scale) {
  const results = [];
  for (const comparison of comparisons) {
    await step(`${comparison.work} of ${comparison.subjects.join(", ")}`, root, async (folder) => {
      results.push({ ...comparison, ...(await inChild("measure.mjs", { comparison, root: folder, scale })) });
    });
  }
  return results;
}

/** Peak growth of RSS in each direction: the median of some runs, in bytes. */
export async function measureMemory(subjects, root, { memoryRuns }) {
  const results = [];
  for (const subject of subjects) {
    const growth = { in: [], out: [] };
    await step(`memory of ${subject}`, root, async (folder) => {
      for (let run = 0; run < memoryRuns; run++) {
        // Out is what in has left there.
        growth.in.push(await inChild("memory.mjs", { subject, root: folder, direction: "in" }));
        growth.out.push(await inChild("memory.mjs", { subject, root: folder, direction: "out" }));
      }
      await rm(folder, { recursive: true });
    });
    results.push({ subject, in: median(growth.in), out: median(growth.out) });
  }
  return results;
}

export async function measureColdStarts(subjects, root, { coldStarts }) {
  const starts = Object.fromEntries(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < coldStarts && subjects.length > 0; round++) {
    await step(`cold starts, round ${round + 1}`, root, async (folder) => {
      for (const subject of subjects) {
        const target = { module: moduleOf(subject), options: SUBJECTS[subject].options };
        starts[subject].push(
          await inChild("cold-start.mjs", { ...target, root: path.join(folder, subject) }),
        );
      }
    });
  }
  return subjects.map((subject) => ({ subject, ms: median(starts[subject]) }));
}

async function step(title, root, measure) {
  const start = performance.now();
  await measure(await mkdtemp(path.join(root, "step-")));
  console.error(`  ${title}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/**
 * Runs a module of this folder in a process of its own, gives it a message and returns the one it answers.
 * Flags of Node such as `--cpu-prof` are passed on.
 */
async function inChild(module, message) {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), { serialization: "advanced" });
  let answer;
  child.on("message", (received) => (answer = received));
  child.send(message);
  const [code, signal] = await once(child, "exit");
  if (code !== 0 || answer === undefined) throw new Error(`${module} ended with ${signal ?? code}`);
  return answer;
}
