/**
 * One comparison, in a process of its own: nobody else's modules are loaded and nobody else's garbage lies
 * about. The base is measured twice, under two names; their ratio is the noise of this very measurement.
 */
import { answerOnce } from "./child.mjs";
import { timeRounds } from "./rounds.mjs";

answerOnce(async ({ suite, comparison, place, scale }) =>
  measure(await import(suite), comparison, place, scale),
);

/** @returns by name the `slices` of those that did it right, and the `problems` of the others */
async function measure({ WORKLOADS, openStore }, { work, base, subjects }, place, scale) {
  const workload = WORKLOADS[work];
  const bases =
    base === undefined
      ? []
      : [
          [base, base],
          ["control", base],
        ];
  const names = [...bases, ...subjects.map((subject) => [subject, subject])];
  const stores = new Map();
  const problems = {};
  for (const [name, subject] of names) {
    const store = await openStore(subject, place, name);
    const problem = await problemOf(store, workload);
    if (problem === undefined) stores.set(name, store);
    else problems[name] = problem;
  }
  const slices = {};
  const timings = await timeRounds(stores, workload, scale[workload.kind]);
  for (const [name, timing] of Object.entries(timings)) {
    await workload.finish?.(stores.get(name));
    if (timing.problem === undefined) slices[name] = timing.slices;
    else problems[name] = timing.problem;
  }
  for (const store of stores.values()) await store.close?.();
  const { title, operations, bytes } = workload;
  return { workload: { title, operations, bytes }, slices, problems };
}

/** Prepares the store and checks its answers. @returns `null` when the subject does not offer the work */
async function problemOf(store, workload) {
  if (!workload.verbs.every((verb) => verb in store)) return null;
  try {
    await workload.prepare?.(store);
    return await workload.check(store);
  } catch (error) {
    return String(error);
  }
}
