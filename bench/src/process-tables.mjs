/** What was measured in a process each: memory and cold start. Only Stowage has limits. */
import { RSS_GROWTH_BYTES_MAX } from "./comparisons.mjs";
import { formatMebibytes, formatTable, yesOrNo } from "./table.mjs";

export function memoryRow({ subject, in: bytesIn, out }) {
  const limited = subject.startsWith("stowage");
  const met = limited ? Math.max(bytesIn, out) <= RSS_GROWTH_BYTES_MAX : undefined;
  return { subject, in: bytesIn, out, target: limited ? RSS_GROWTH_BYTES_MAX : undefined, met };
}

export function memoryTable(rows) {
  const cells = rows.map(({ subject, in: bytesIn, out, target, met }) => [
    subject,
    ...[bytesIn, out, target].map(formatMebibytes),
    yesOrNo(met),
  ]);
  return formatTable(["subject", "in", "out", "at most", "met"], cells);
}

export function coldStartRow({ subject, ms }, most) {
  const limited = subject.startsWith("stowage");
  return {
    subject,
    ms,
    target: limited ? most : undefined,
    met: limited ? ms <= most : undefined,
  };
}

export function coldStartTable(rows) {
  const cells = rows.map(({ subject, ms, target, met }) => [
    subject,
    `${ms.toFixed(1)} ms`,
    target === undefined ? "–" : `${target} ms`,
    yesOrNo(met),
  ]);
  return formatTable(["subject", "median", "at most", "met"], cells);
}
