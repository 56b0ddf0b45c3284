/** Tables that only the benchmark of S3 has. */
import { formatMebibytes, formatTable, yesOrNo } from "../table.mjs";

export function peakRow({ subject, bytes, source, target, in: growth }) {
  return { subject, bytes, source, growth, target, met: target === undefined ? undefined : growth <= target };
}

export function peakTable(rows) {
  const cells = rows.map(({ subject, bytes, source, growth, target, met }) => [
    subject,
    `${formatMebibytes(bytes)} of ${source === "views" ? "1 KiB views" : "64 KiB chunks"}`,
    formatMebibytes(growth),
    formatMebibytes(target),
    yesOrNo(met),
  ]);
  return formatTable(["subject", "stream", "growth", "at most", "met"], cells);
}

export function connectionsRow({ subject, made }, most) {
  const limited = subject.startsWith("stowage");
  return { subject, made, target: limited ? most : undefined, met: limited ? made <= most : undefined };
}

export function connectionsTable(rows) {
  const cells = rows.map(({ subject, made, target, met }) => [
    subject,
    String(made),
    target === undefined ? "–" : String(target),
    yesOrNo(met),
  ]);
  return formatTable(["subject", "made", "at most", "met"], cells);
}
