/** The benchmark of composers: measures, prints tables, writes JSON. See ../README.md. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { chosen } from "./comparisons.mjs";
import { BUDGETS } from "./compose/comparisons.mjs";
import { SUBJECTS } from "./compose/subjects.mjs";
import { WORKLOADS } from "./compose/suite.mjs";
import { composerRow, composerTable, figureTable } from "./compose/tables.mjs";
import { describeEnvironment } from "./environment.mjs";
import { inChild, measureComparisons } from "./measurements.mjs";
import { readOptions } from "./options.mjs";
import { withBefore } from "./packages.mjs";
import { startSink } from "./s3/servers.mjs";

Object.assign(process.env, {
  NODE_NO_WARNINGS: "1",
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
});

const options = readOptions(process.argv.slice(2), {
  works: [...Object.keys(WORKLOADS), "figures"],
  subjects: Object.keys(SUBJECTS),
  json: "compose.json",
});
await mkdir(options.directory, { recursive: true });
const root = await mkdtemp(path.join(options.directory, "stowage-bench-"));
process.once("exit", () => rmSync(root, { recursive: true, force: true }));
process.once("SIGINT", () => process.exit(130));

const environment = await describeEnvironment(root, ["@stowage/core", "@stowage/journal", "@stowage/local"]);
for (const [name, value] of Object.entries(environment)) console.log(`${name}: ${value}`);

const { server, stop } = await startSink();
const suite = {
  module: new URL("./compose/suite.mjs", import.meta.url).href,
  newPlace: async () => ({ folder: await mkdtemp(path.join(root, "step-")), server }),
};
const comparisons = withBefore(chosen(BUDGETS, options, []), () => true);
const budgets = (await measureComparisons(comparisons, suite, options.scale.budgets)).map(composerRow);
stop();
print("Composers: what they add to their members", budgets, composerTable);

const isWanted = options.only === undefined || options.only.includes("figures");
const folder = await mkdtemp(path.join(root, "figures-"));
const figures = isWanted ? await inChild("compose/figures.mjs", { folder, quick: options.quick }) : [];
await rm(folder, { recursive: true });
print("Figures", figures, figureTable);

const judged = [
  ...budgets.map(({ met }) => met),
  ...figures.map(({ value, most }) => (most === undefined ? undefined : value <= most)),
].filter((met) => met !== undefined);
for (const { workload, problems } of budgets) {
  for (const [name, problem] of Object.entries(problems))
    if (problem) console.log(`wrong: ${name}, ${workload.title}: ${problem}`);
}
console.log(`\n${judged.filter(Boolean).length} of ${judged.length} budgets met`);

await mkdir(path.dirname(options.json), { recursive: true });
await writeFile(options.json, `${JSON.stringify({ environment, budgets, figures }, null, 2)}\n`);

function print(title, rows, table) {
  if (rows.length > 0) console.log(`\n${title}\n\n${table(rows)}`);
}
