/** A plain table: the first column to the left, the others to the right. */
export function formatTable(header, rows) {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const pad = (cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]));
  const [head, ...body] = lines.map((line) => line.map(pad).join("  ").trimEnd());
  return [head, widths.map((width) => "-".repeat(width)).join("  "), ...body].join("\n");
}

export function formatRatio(ratio) {
  return ratio === undefined ? "–" : ratio.toFixed(2);
}

export function formatMebibytes(bytes) {
  return bytes === undefined ? "–" : `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}

/** What a slice of this length comes to: time per operation, or throughput. */
export function formatSlice(ms, { operations = 1, bytes }) {
  if (ms === undefined) return "–";
  if (bytes !== undefined) return `${(bytes / 1024 ** 2 / (ms / 1000)).toFixed(0)} MiB/s`;
  const each = ms / operations;
  return each < 1 ? `${(each * 1000).toFixed(0)} µs` : `${each.toFixed(1)} ms`;
}

export function yesOrNo(met) {
  if (met === undefined) return "–";
  return met ? "yes" : "NO";
}
