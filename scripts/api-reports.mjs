// Compares the API reports with what was built; with --write they are written again.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** One report for each door that people import from. */
const CONFIGS = [
  "packages/core/api-extractor.json",
  "packages/core/api-extractor.provider.json",
  "packages/core/api-extractor.journal.json",
  "packages/conformance/api-extractor.json",
  "packages/conformance/api-extractor.http.json",
  "packages/http/api-extractor.json",
  "packages/stowage/api-extractor.json",
];

const root = fileURLToPath(new URL("..", import.meta.url));
const options = process.argv.includes("--write") ? ["--local"] : [];
for (const config of CONFIGS) {
  const { status } = spawnSync("api-extractor", ["run", ...options, "-c", config], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
