/** Writes a Markdown table. A bar inside a cell is escaped, also in code. */
export function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
  return [line(titles), `|${" --- |".repeat(titles.length)}`, ...rows.map(line)].join("\n");
}
