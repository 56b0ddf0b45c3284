// Counts the lines that an application on Stowage has to write: the sources of each example that replaces an application,
// without tests, imports and empty lines. Fails for one that has too many.
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const EXAMPLES = [
  "cloudinary-then-s3",
  "dual-storage",
  "private-hls",
  "rendition-worker",
  "rollout-by-environment",
  "write-a-provider",
];
const LINES_MAX = 80;
const root = fileURLToPath(new URL("../examples", import.meta.url));

function ownLines(source: string): number {
  const withoutImports = source.replaceAll(/^import\s[^;]*;$/gm, "");
  return withoutImports.split("\n").filter((line) => line.trim() !== "").length;
}

for (const example of EXAMPLES) {
  const folder = `${root}/${example}/src`;
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ts") && !name.includes(".test"));
  const sources = await Promise.all(names.map((name) => readFile(`${folder}/${name}`, "utf8")));
  const count = sources.reduce((sum, source) => sum + ownLines(source), 0);
  console.log(`${count > LINES_MAX ? "FAILED" : "ok"} ${example}: ${count} of ${LINES_MAX} lines`);
  if (count > LINES_MAX) process.exitCode = 1;
}
