/** The benchmark of local files: measures, prints tables, writes JSON. See ../README.md. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { budgetRow, budgetTable } from "./budget-table.mjs";
import { closingLines } from "./closing-lines.mjs";
import { BUDGETS, COLD_STARTS, MEMORY, PEER_COMPARISONS, chosen, chosenSubjects } from "./comparisons.mjs";
import { describeEnvironment } from "./environment.mjs";
import { measureColdStarts, measureComparisons, measureMemory } from "./measurements.mjs";
import { readOptions } from "./options.mjs";
import { peerRow, peerTable } from "./peer-table.mjs";
import { coldStartRow, coldStartTable, memoryRow, memoryTable } from "./process-tables.mjs";

const options = readOptions(process.argv.slice(2));
const { scale } = options;
await mkdir(options.directory, { recursive: true });
const root = await mkdtemp(path.join(options.directory, "stowage-bench-"));
process.once("exit", () => rmSync(root, { recursive: true, force: true }));
process.once("SIGINT", () => process.exit(130));

const environment = await describeEnvironment(root);
for (const [name, value] of Object.entries(environment)) console.log(`${name}: ${value}`);

const budgets = (await measureComparisons(chosen(BUDGETS, options), root, scale.budgets)).map(budgetRow);
print("Budgets: how many times as fast as the base", budgets, budgetTable);
const peers = (await measureComparisons(chosen(PEER_COMPARISONS, options), root, scale.peers)).map(peerRow);
print("Other libraries: how many times as fast as node:fs in place, nothing flushed", peers, peerTable);
const memory = (await measureMemory(chosenSubjects("memory", MEMORY, options), root, scale)).map(memoryRow);
print("Memory: growth of RSS while 256 MiB go through", memory, memoryTable);
const coldStarts = (
  await measureColdStarts(chosenSubjects("cold-start", COLD_STARTS, options), root, scale)
).map(coldStartRow);
print("Cold start: import and first put, without the start of Node", coldStarts, coldStartTable);
console.log(`\n${closingLines({ budgets, peers, memory, coldStarts }).join("\n")}`);

await mkdir(path.dirname(options.json), { recursive: true });
await writeFile(
  options.json,
  `${JSON.stringify({ environment, budgets, peers, memory, coldStarts }, null, 2)}\n`,
);

function print(title, rows, table) {
  if (rows.length > 0) console.log(`\n${title}\n\n${table(rows)}`);
}
