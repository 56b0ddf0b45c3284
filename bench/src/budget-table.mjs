/** The rows of the budget: Stowage next to its bases. */
import { beforeOf } from "./packages.mjs";
import { compare, medianOf } from "./statistics.mjs";
import { formatRatio, formatSlice, formatTable, yesOrNo } from "./table.mjs";

/** A subject next to its base, and the base next to itself. */
export function budgetRow(measured) {
  const { work, workload, base, target, problems } = measured;
  const [subject] = measured.subjects;
  const ratio = compare(measured, base, subject);
  return {
    work,
    workload,
    subject,
    base,
    sliceMs: medianOf(measured, subject),
    baseSliceMs: medianOf(measured, base),
    ratio,
    cpuRatio: compare(measured, base, subject, "cpuMs")?.median,
    control: compare(measured, base, "control")?.median,
    before: compare(measured, beforeOf(subject), subject)?.median,
    target,
    met: target === undefined || base === undefined ? undefined : ratio?.median >= target,
    problems,
  };
}

export function budgetTable(rows) {
  const header = [
    "work",
    "subject",
    "takes",
    "base",
    "takes",
    "× base",
    "quartiles",
    "target",
    "met",
    "× before",
    "again",
    "CPU",
  ];
  return formatTable(header, rows.map(budgetCells));
}

function budgetCells({
  workload,
  subject,
  sliceMs,
  base,
  baseSliceMs,
  ratio,
  target,
  met,
  control,
  before,
  cpuRatio,
}) {
  return [
    workload.title,
    subject,
    formatSlice(sliceMs, workload),
    base ?? "–",
    formatSlice(baseSliceMs, workload),
    formatRatio(ratio?.median),
    ratio === undefined ? "–" : `${formatRatio(ratio.low)}–${formatRatio(ratio.high)}`,
    formatRatio(target),
    yesOrNo(met),
    formatRatio(before),
    formatRatio(control),
    formatRatio(cpuRatio),
  ];
}
