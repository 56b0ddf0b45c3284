/**
 * Who is compared with whom, at what.
 *
 * @typedef {object} Comparison
 * @property {string} work - Of `WORKLOADS`.
 * @property {string} [base] - The subject that the others are divided by; absent with `--alone`.
 * @property {readonly string[]} subjects
 * @property {number} [target] - How many times as fast as the base the subject must be.
 */
import { PEERS, SUBJECTS } from "./subjects.mjs";
import { WORKLOADS } from "./workloads.mjs";

export const RSS_GROWTH_BYTES_MAX = 40 * 1024 * 1024;
export const COLD_START_MS_MAX = 15;

/** The rows of the budget; those without a target are there for orientation. @type {readonly Comparison[]} */
export const BUDGETS = [
  budget("put4k-c1", "stowage-rename", "raw-atomic", 0.9),
  budget("put4k-c16", "stowage-rename", "raw-atomic", 0.9),
  budget("put4k-c1", "stowage-fsync", "raw-durable", 0.9),
  budget("put4k-c16", "stowage-fsync", "raw-durable", 0.9),
  budget("get4k-c1", "stowage-rename", "raw", 1.05),
  budget("get4k-c16", "stowage-rename", "raw", 1),
  budget("get4m", "stowage-rename", "raw", 1.3),
  budget("head-c1", "stowage-rename", "raw", 0.9),
  budget("head-c16", "stowage-rename", "raw", 0.75),
  budget("copy-c4", "stowage-rename", "raw-atomic", 0.8),
  budget("move-c4", "stowage-rename", "raw", 0.5),
  budget("delete-c4", "stowage-rename", "raw", 0.85),
  budget("exists-c1", "stowage-rename", "raw", 0.85),
  budget("exists-c16", "stowage-rename", "raw", 0.85),
  budget("stream-in", "stowage-rename", "raw", 1.9),
  budget("stream-in", "stowage-fsync", "raw-durable"),
  budget("stream-out", "stowage-rename", "raw", 1.9),
  budget("list10k", "stowage-rename", "raw-sync", 0.8),
  budget("delete-c1", "stowage-rename", "raw", 0.85),
  budget("delete-c16", "stowage-rename", "raw", 0.85),
  budget("delete-c1", "stowage-fsync", "raw-durable", 0.85),
  budget("delete-c16", "stowage-fsync", "raw-durable", 0.85),
];

/** The other libraries. None of them flushes, so Stowage is taken with durability `rename`. */
export const PEER_COMPARISONS = Object.keys(WORKLOADS).map((work) => ({
  work,
  base: "raw",
  own: "stowage-rename",
  subjects: ["stowage-rename", ...PEERS],
  comparable: ["stowage-rename", ...PEERS].filter((name) => isComparable(work, name)),
}));

/** Writing in place is less than writing atomically, and a call that blocks the process is another thing. */
function isComparable(work, name) {
  const { atomic, blocking } = SUBJECTS[name];
  if (blocking?.includes(work) === true) return false;
  return atomic || WORKLOADS[work].writes !== true;
}

/** Unstorage has no streams. */
export const MEMORY = [
  "nowhere",
  "raw",
  "stowage-rename",
  "stowage-fsync",
  "flydrive",
  "flystorage",
  "files-sdk",
];
export const COLD_STARTS = ["raw", "raw-durable", "stowage-rename", "stowage-fsync", ...PEERS];

function budget(work, subject, base, target) {
  return { work, base, subjects: [subject], target };
}

/** The comparisons that `--only`, `--subjects` and `--alone` leave. Peers are compared when one is asked for. */
export function chosen(comparisons, { only, subjects, alone }, peers) {
  return comparisons
    .filter(({ work }) => only?.includes(work) ?? true)
    .filter((comparison) => subjects === undefined || isAskedFor(comparison, subjects, peers))
    .map(({ base, ...rest }) => ({
      ...rest,
      base: alone ? undefined : base,
      subjects: rest.subjects.filter((name) => subjects?.includes(name) ?? true),
    }));
}

/** Every subject of a budget is asked for, or a peer. */
function isAskedFor({ subjects }, asked, peers) {
  if (subjects.length === 1) return asked.includes(subjects[0]);
  return subjects.some((name) => peers.includes(name) && asked.includes(name));
}

/** What is left of subjects that are measured each by itself. */
export function chosenSubjects(work, all, { only, subjects }) {
  if (only !== undefined && !only.includes(work)) return [];
  return all.filter((name) => subjects?.includes(name) ?? true);
}
