// Draws the pictures of the guide into `docs/images`: `pnpm pictures`. With `--check` it only says whether the files are up to date.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { pictureFiles } from "./picture-files.js";

const isChecking = process.argv.includes("--check");
const stale: string[] = [];
for (const [file, drawn] of pictureFiles()) {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  if (!isChecking) await writeFile(path, drawn);
  else if ((await readFile(path, "utf8").catch(() => "")) !== drawn) stale.push(file);
}
if (stale.length > 0) {
  console.error(`Out of date: ${stale.join(", ")}. Run \`pnpm pictures\`.`);
  process.exitCode = 1;
}
