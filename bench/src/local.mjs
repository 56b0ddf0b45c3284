/** The benchmark of local files: measures, prints tables, writes JSON. See ../README.md. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { budgetRow, budgetTable } from "./budget-table.mjs";
import { closingLines } from "./closing-lines.mjs";
import {
  BUDGETS,
  COLD_STARTS,
  COLD_START_MS_MAX,
  MEMORY,
  PEER_COMPARISONS,
  chosen,
  chosenSubjects,
} from "./comparisons.mjs";
import { describeEnvironment } from "./environment.mjs";
import { measureColdStarts, measureComparisons, measureMemory } from "./measurements.mjs";
import { readOptions } from "./options.mjs";
import { withBefore } from "./packages.mjs";
import { STREAM_BYTES } from "./streams.mjs";
import { PEERS, SUBJECTS } from "./subjects.mjs";
import { WORKLOADS } from "./workloads.mjs";
import { peerRow, peerTable } from "./peer-table.mjs";
import { coldStartRow, coldStartTable, memoryRow, memoryTable } from "./process-tables.mjs";

const options = readOptions(process.argv.slice(2), {
  works: [...Object.keys(WORKLOADS), "memory", "cold-start"],
  subjects: Object.keys(SUBJECTS),
  json: "local.json",
});
const { scale } = options;
await mkdir(options.directory, { recursive: true });
const root = await mkdtemp(path.join(options.directory, "stowage-bench-"));
process.once("exit", () => rmSync(root, { recursive: true, force: true }));
process.once("SIGINT", () => process.exit(130));

const PACKAGES = [
  "@stowage/core",
  "@stowage/local",
  "flydrive",
  "@flystorage/local-fs",
  "files-sdk",
  "unstorage",
];
const environment = await describeEnvironment(root, PACKAGES);
for (const [name, value] of Object.entries(environment)) console.log(`${name}: ${value}`);

const suite = {
  module: new URL("./local-suite.mjs", import.meta.url).href,
  newPlace: () => mkdtemp(path.join(root, "step-")),
  dropPlace: (place) => rm(place, { recursive: true }),
};
const budgets = (
  await measureComparisons(withBefore(chosen(BUDGETS, options, PEERS)), suite, scale.budgets)
).map(budgetRow);
print("Budgets: how many times as fast as the base", budgets, budgetTable);
const peers = (await measureComparisons(chosen(PEER_COMPARISONS, options, PEERS), suite, scale.peers)).map(
  peerRow,
);
print("Other libraries: how many times as fast as node:fs in place, nothing flushed", peers, peerTable);
const memoryWorks = chosenSubjects("memory", MEMORY, options).map((subject) => ({
  subject,
  directions: ["in", "out"],
  bytes: STREAM_BYTES,
  source: "fresh",
}));
const memory = (await measureMemory(memoryWorks, suite, scale)).map(memoryRow);
print("Memory: growth of RSS while 256 MiB go through", memory, memoryTable);
const coldStarts = (
  await measureColdStarts(chosenSubjects("cold-start", COLD_STARTS, options), suite, scale)
).map((row) => coldStartRow(row, COLD_START_MS_MAX));
print("Cold start: import and first put, without the start of Node", coldStarts, coldStartTable);
const footnote = "* writes in place, so that a reader or a crash can meet half a file; or blocks the process";
const others = [...memory, ...coldStarts];
console.log(`\n${closingLines({ budgets, peers, others, footnote }).join("\n")}`);

await mkdir(path.dirname(options.json), { recursive: true });
await writeFile(
  options.json,
  `${JSON.stringify({ environment, budgets, peers, memory, coldStarts }, null, 2)}\n`,
);

function print(title, rows, table) {
  if (rows.length > 0) console.log(`\n${title}\n\n${table(rows)}`);
}
