/** The benchmark of S3: measures, prints tables, writes JSON. See ../README.md. */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { budgetRow, budgetTable } from "./budget-table.mjs";
import { closingLines } from "./closing-lines.mjs";
import { chosen, chosenSubjects } from "./comparisons.mjs";
import { describeEnvironment } from "./environment.mjs";
import { inChild, measureColdStarts, measureComparisons, measureMemory } from "./measurements.mjs";
import { readOptions } from "./options.mjs";
import { withBefore } from "./packages.mjs";
import { peerRow, peerTable } from "./peer-table.mjs";
import { coldStartRow, coldStartTable } from "./process-tables.mjs";
import {
  BUDGETS,
  COLD_STARTS,
  COLD_START_MS_MAX,
  CONNECTIONS_MAX,
  MEMORY,
  PEER_COMPARISONS,
} from "./s3/comparisons.mjs";
import { startServers } from "./s3/servers.mjs";
import { PEERS, SUBJECTS } from "./s3/subjects.mjs";
import { WORKLOADS } from "./s3/suite.mjs";
import { connectionsRow, connectionsTable, peakRow, peakTable } from "./s3/tables.mjs";

// The sink's certificate is its own, and the SDK's word about the version of Node is not about speed.
Object.assign(process.env, {
  NODE_TLS_REJECT_UNAUTHORIZED: "0",
  NODE_NO_WARNINGS: "1",
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
});

const PACKAGES = [
  "@stowage/core",
  "@stowage/s3",
  "@aws-sdk/client-s3",
  "@aws-sdk/lib-storage",
  "undici",
  "@flystorage/aws-s3",
  "flydrive",
  "files-sdk",
  "minio",
  "opendal",
  "s3mini",
  "aws4fetch",
];
const works = [...Object.keys(WORKLOADS), "memory", "connections", "cold-start"];
const options = readOptions(process.argv.slice(2), {
  works,
  subjects: Object.keys(SUBJECTS),
  json: "s3.json",
});
const { scale } = options;
const folder = mkdtempSync(path.join(tmpdir(), "stowage-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
process.once("SIGINT", () => process.exit(130));

const environment = await describeEnvironment(folder, PACKAGES);
for (const [name, value] of Object.entries(environment)) console.log(`${name}: ${value}`);

const { servers, stop } = await startServers(folder);
if (servers.ceph === undefined) console.log("Ceph could not be started: its rows are left out");
let places = 0;
const suite = {
  module: new URL("./s3/suite.mjs", import.meta.url).href,
  newPlace: async ({ server = "sink" } = {}) => ({
    ...servers[server],
    ...(server === "ceph" && { dialect: "ceph" }),
    bucket: `bench-${process.pid}-${++places}`,
  }),
};

const wanted = withBefore(chosen(BUDGETS, options, PEERS)).filter(({ server }) => server in servers);
// Ceph is slow on the same processors, and its rows have no targets.
const onCeph = wanted.filter(({ server }) => server === "ceph");
const judged = wanted.filter(({ server }) => server !== "ceph");
const measurements = [
  ...(await measureComparisons(judged, suite, scale.budgets)),
  ...(await measureComparisons(onCeph, suite, scale.peers)),
];
const budgets = measurements.map(serverRow);
print("Budgets: how many times as fast as the base", budgets, budgetTable);
const peerRows = await measureComparisons(chosen(PEER_COMPARISONS, options, PEERS), suite, scale.peers);
const peers = peerRows.map(peerRow);
print("Other libraries: how many times as fast as a client by hand on undici", peers, peerTable);
const memoryWorks = chosenWorks("memory", MEMORY);
const memory = (await measureMemory(memoryWorks, suite, scale)).map(peakRow);
print("Memory: growth of RSS while a stream of unknown length goes in", memory, peakTable);
const connections = await measureConnections(chosenSubjects("connections", ["stowage", "aws-sdk"], options));
print("Connections made for 26 parts", connections, connectionsTable);
const coldStarts = (
  await measureColdStarts(chosenSubjects("cold-start", COLD_STARTS, options), suite, scale)
).map((row) => coldStartRow(row, COLD_START_MS_MAX));
print("Cold start: import and first put, without the start of Node", coldStarts, coldStartTable);
const others = [...memory, ...connections, ...coldStarts];
console.log(`\n${closingLines({ budgets, peers, others }).join("\n")}`);
stop();

await mkdir(path.dirname(options.json), { recursive: true });
const result = { environment, budgets, peers, memory, connections, coldStarts };
await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);

/** The server belongs to the title, unless it is the usual one. */
function serverRow(measured) {
  const { server, workload } = measured;
  const title = server === "sink" ? workload.title : `${workload.title} (${server})`;
  return budgetRow({ ...measured, workload: { ...workload, title } });
}

function chosenWorks(work, all) {
  const subjects = chosenSubjects(work, [...new Set(all.map(({ subject }) => subject))], options);
  return all.filter(({ subject }) => subjects.includes(subject));
}

async function measureConnections(subjects) {
  const rows = [];
  for (const subject of subjects) {
    const made = await inChild("s3/connections.mjs", { subject, place: await suite.newPlace() });
    rows.push(connectionsRow({ subject, made }, CONNECTIONS_MAX));
  }
  return rows;
}

function print(title, rows, table) {
  if (rows.length > 0) console.log(`\n${title}\n\n${table(rows)}`);
}
