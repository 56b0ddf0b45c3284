/**
 * Runs each measurement in child processes, on a folder of its own.
 *
 * Small files stay there until the end of the run: some file systems (ext4 without a journal) take long to make
 * files for minutes after many were deleted. For the same reason deletes are measured last.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { median } from "./statistics.mjs";

/**
 * @typedef {object} Suite
 * @property {string} module - URL of the module with its `WORKLOADS` and `openStore(subject, place, name)`.
 * @property {(comparison?: object) => Promise<object>} newPlace - Where the next step keeps its objects.
 */

/** @param {Suite} suite */
export async function measureComparisons(comparisons, { module: suite, newPlace }, scale) {
  const results = [];
  for (const comparison of comparisons) {
    await step(`${comparison.work} of ${comparison.subjects.join(", ")}`, async () => {
      const place = await newPlace(comparison);
      results.push({ ...comparison, ...(await inChild("measure.mjs", { suite, comparison, place, scale })) });
    });
  }
  return results;
}

/** Peak growth of RSS in each direction: the median of some runs, in bytes. */
export async function measureMemory(works, { module: suite, newPlace, dropPlace }, { memoryRuns }) {
  const results = [];
  for (const { subject, directions, bytes, source, ...work } of works) {
    const growth = Object.fromEntries(directions.map((direction) => [direction, []]));
    const measured = step(`memory of ${subject}`, async () => {
      const place = await newPlace();
      for (let run = 0; run < memoryRuns; run++) {
        // Out is what in has left there.
        for (const direction of directions) {
          const message = { suite, subject, place, direction, bytes, source };
          growth[direction].push(await inChild("memory.mjs", message));
        }
      }
      await dropPlace?.(place);
    });
    // One that cannot do it must not end the run of the others.
    const isDone = await measured.then(
      () => true,
      () => false,
    );
    if (!isDone) continue;
    const medians = directions.map((direction) => [direction, median(growth[direction])]);
    results.push({ subject, bytes, source, ...work, ...Object.fromEntries(medians) });
  }
  return results;
}

export async function measureColdStarts(subjects, { module: suite, newPlace }, { coldStarts }) {
  const starts = Object.fromEntries(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < coldStarts && subjects.length > 0; round++) {
    await step(`cold starts, round ${round + 1}`, async () => {
      const place = await newPlace();
      const { startOf } = await import(suite);
      for (const subject of subjects) {
        starts[subject].push(await inChild("cold-start.mjs", await startOf(subject, place)));
      }
    });
  }
  return subjects.map((subject) => ({ subject, ms: median(starts[subject]) }));
}

async function step(title, measure) {
  const start = performance.now();
  await measure();
  console.error(`  ${title}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/**
 * Runs a module of this folder in a process of its own, gives it a message and returns the one it answers.
 * Flags of Node such as `--cpu-prof` are passed on.
 */
export async function inChild(module, message) {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), { serialization: "advanced" });
  let answer;
  child.on("message", (received) => (answer = received));
  child.send(message);
  const [code, signal] = await once(child, "exit");
  if (code !== 0 || answer === undefined) throw new Error(`${module} ended with ${signal ?? code}`);
  return answer;
}
