/** Stowage among the other libraries. */
import { compare, medianOf } from "./statistics.mjs";
import { PEERS, SUBJECTS } from "./subjects.mjs";
import { formatRatio, formatSlice, formatTable } from "./table.mjs";
import { WORKLOADS } from "./workloads.mjs";

/** Every subject as a multiple of the base, and Stowage as a multiple of each peer. */
export function peerRow(measured) {
  const { work, base, subjects, problems } = measured;
  const peers = subjects.filter((name) => PEERS.includes(name));
  const over = (name, other) => compare(measured, other, name)?.median;
  return {
    work,
    baseSliceMs: medianOf(measured, base),
    control: over("control", base),
    ratios: Object.fromEntries(subjects.map((name) => [name, over(name, base)])),
    stowageOver: Object.fromEntries(peers.map((name) => [name, over("stowage-rename", name)])),
    problems,
  };
}

export function peerTable(rows) {
  const subjects = Object.keys(rows[0].ratios);
  const header = ["work", "raw", "raw again", ...subjects, "Stowage over the best of its kind"];
  return formatTable(
    header,
    rows.map((row) => peerCells(row, subjects)),
  );
}

function peerCells(row, subjects) {
  const [best] = comparablePeers(row);
  return [
    WORKLOADS[row.work].title,
    formatSlice(row.baseSliceMs, WORKLOADS[row.work]),
    formatRatio(row.control),
    ...subjects.map((name) => peerCell(row, name)),
    best === undefined ? "–" : `${formatRatio(row.stowageOver[best])} (${best})`,
  ];
}

function peerCell({ work, ratios, problems }, name) {
  if (typeof problems[name] === "string") return "wrong";
  const mark = ratios[name] === undefined || isComparable(work, name) ? "" : "*";
  return formatRatio(ratios[name]) + mark;
}

/** Peers that do the same as Stowage, the fastest first. */
export function comparablePeers({ work, stowageOver }) {
  const names = PEERS.filter((name) => stowageOver[name] !== undefined && isComparable(work, name));
  return names.toSorted((a, b) => stowageOver[a] - stowageOver[b]);
}

/** Writing in place is less than writing atomically, and a call that blocks the process is another thing. */
function isComparable(work, name) {
  const { atomic, blocking } = SUBJECTS[name];
  if (blocking?.includes(work) === true) return false;
  return atomic || WORKLOADS[work].writes !== true;
}
