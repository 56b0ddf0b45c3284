// Builds the site of the documentation, or serves it while somebody writes: `build` or `dev`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { writeReference } from "./site/reference.js";
import { copyRepositoryPages } from "./site/repository-pages.js";

const DOCS = fileURLToPath(new URL("../docs/", import.meta.url));
const VITEPRESS = `${DOCS}node_modules/.bin/vitepress`;

async function prepare(command: string): Promise<void> {
  await copyRepositoryPages();
  // The reference takes most of a minute: `dev` writes it once.
  if (command === "dev" && existsSync(`${DOCS}reference/api`)) return;
  const bare = await writeReference();
  if (bare.length > 0) throw new Error(`Each export needs a sentence:\n${bare.join("\n")}`);
}

async function run(command: string): Promise<number> {
  if (command !== "build" && command !== "dev")
    throw new Error('The command is "build" or "dev", for example: npx -y pnpm@12 docs:dev');
  await prepare(command);
  const options = command === "dev" ? ["--host", "127.0.0.1"] : [];
  const child = spawn(VITEPRESS, [command, DOCS, ...options], { cwd: DOCS, stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

process.exitCode = await run(process.argv[2] ?? "");
