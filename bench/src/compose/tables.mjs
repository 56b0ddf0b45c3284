/** The rows of the composers: what they add, in microseconds, to what their members take. */
import { budgetRow } from "../budget-table.mjs";
import { medianDifference } from "../statistics.mjs";
import { formatRatio, formatSlice, formatTable, yesOrNo } from "../table.mjs";

export function composerRow(measured) {
  const row = budgetRow(measured);
  const { operations } = row.workload;
  const { addedUsMax } = measured;
  const [subject] = measured.subjects;
  const addedMs = medianDifference(measured, measured.base, subject);
  const addedUs =
    operations === undefined || addedMs === undefined ? undefined : (addedMs * 1000) / operations;
  const met = addedUsMax === undefined ? row.met : addedUs <= addedUsMax;
  return { ...row, addedUs, addedUsMax, met };
}

export function composerTable(rows) {
  const header = [
    "work",
    "composer",
    "takes",
    "members",
    "take",
    "× them",
    "adds",
    "at most",
    "met",
    "× before",
    "again",
  ];
  return formatTable(header, rows.map(cells));
}

function cells({
  workload,
  subject,
  sliceMs,
  base,
  baseSliceMs,
  ratio,
  target,
  addedUs,
  addedUsMax,
  met,
  before,
  control,
}) {
  const most = addedUsMax === undefined ? undefined : `${addedUsMax} µs`;
  return [
    workload.title,
    subject,
    formatSlice(sliceMs, workload),
    base,
    formatSlice(baseSliceMs, workload),
    formatRatio(ratio && 1 / ratio.median),
    addedUs === undefined ? "–" : `${addedUs.toFixed(0)} µs`,
    most ?? (target === undefined ? "–" : `${(1 / target).toFixed(2)} ×`),
    yesOrNo(met),
    formatRatio(before),
    formatRatio(control),
  ];
}

export function figureTable(figures) {
  const rows = figures.map(({ title, value, unit, most }) => [
    title,
    `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`,
    most === undefined ? "–" : `${most} ${unit}`,
    yesOrNo(most === undefined ? undefined : value <= most),
  ]);
  return formatTable(["figure", "measured", "at most", "met"], rows);
}
