/** The benchmark of core: what the facade and the composers add to a call. See ../README.md. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { chosen } from "./comparisons.mjs";
import { composerRow, composerTable } from "./compose/tables.mjs";
import { NAMES, WORKLOADS } from "./core/suite.mjs";
import { describeEnvironment } from "./environment.mjs";
import { measureComparisons } from "./measurements.mjs";
import { readOptions } from "./options.mjs";

const options = readOptions(process.argv.slice(2), {
  works: Object.keys(WORKLOADS),
  subjects: NAMES,
  json: "core.json",
});
await mkdir(options.directory, { recursive: true });
const root = await mkdtemp(path.join(options.directory, "stowage-bench-"));
process.once("exit", () => rmSync(root, { recursive: true, force: true }));
process.once("SIGINT", () => process.exit(130));

const environment = await describeEnvironment(root, ["@stowage/core", "@stowage/journal"]);
for (const [name, value] of Object.entries(environment)) console.log(`${name}: ${value}`);

const suite = {
  module: new URL("./core/suite.mjs", import.meta.url).href,
  newPlace: async () => ({ folder: await mkdtemp(path.join(root, "step-")) }),
  dropPlace: ({ folder }) => rm(folder, { recursive: true }),
};
const [base, ...others] = NAMES;
const comparisons = Object.keys(WORKLOADS).flatMap((work) =>
  others.map((subject) => ({ work, base, subjects: [subject] })),
);
const rows = (await measureComparisons(chosen(comparisons, options, []), suite, options.scale.budgets)).map(
  composerRow,
);
console.log(`\nCalls of a provider that does next to nothing\n\n${composerTable(rows)}`);
for (const { workload, problems } of rows) {
  for (const [name, problem] of Object.entries(problems))
    if (problem) console.log(`wrong: ${name}, ${workload.title}: ${problem}`);
}

await mkdir(path.dirname(options.json), { recursive: true });
await writeFile(options.json, `${JSON.stringify({ environment, rows }, null, 2)}\n`);
