/** Stowage among the other libraries. */
import { compare, medianOf } from "./statistics.mjs";
import { formatRatio, formatSlice, formatTable } from "./table.mjs";

/** Every subject as a multiple of the base, and Stowage as a multiple of each peer. */
export function peerRow(measured) {
  const { work, workload, base, own, subjects, comparable, problems } = measured;
  const peers = subjects.filter((name) => name !== own);
  const over = (name, other) => compare(measured, other, name)?.median;
  return {
    work,
    workload,
    base,
    comparable,
    baseSliceMs: medianOf(measured, base),
    control: over("control", base),
    ratios: Object.fromEntries(subjects.map((name) => [name, over(name, base)])),
    stowageOver: Object.fromEntries(peers.map((name) => [name, over(own, name)])),
    problems,
  };
}

export function peerTable(rows) {
  const subjects = Object.keys(rows[0].ratios);
  const [{ base }] = rows;
  const header = ["work", base, `${base} again`, ...subjects, "Stowage over the best of its kind"];
  return formatTable(
    header,
    rows.map((row) => peerCells(row, subjects)),
  );
}

function peerCells(row, subjects) {
  const [best] = comparablePeers(row);
  return [
    row.workload.title,
    formatSlice(row.baseSliceMs, row.workload),
    formatRatio(row.control),
    ...subjects.map((name) => peerCell(row, name)),
    best === undefined ? "–" : `${formatRatio(row.stowageOver[best])} (${best})`,
  ];
}

function peerCell({ comparable, ratios, problems }, name) {
  if (typeof problems[name] === "string") return "wrong";
  const mark = ratios[name] === undefined || comparable.includes(name) ? "" : "*";
  return formatRatio(ratios[name]) + mark;
}

/** Peers that do the same as Stowage, the fastest first. */
export function comparablePeers({ comparable, stowageOver }) {
  const names = comparable.filter((name) => stowageOver[name] !== undefined);
  return names.toSorted((a, b) => stowageOver[a] - stowageOver[b]);
}
