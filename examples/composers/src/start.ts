// The page of one composer: `npm start -- fallback`, `mirror` or `split`. Its files are in a folder that is removed in the end.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPage } from "./start-page.js";

const PORT = 8080;
const KINDS = ["fallback", "mirror", "split"] as const;

const kind = KINDS.find((name) => name === (process.argv[2] ?? "fallback"));
if (kind === undefined) throw new Error(`The composer is one of ${KINDS.join(", ")}`);
const home = await mkdtemp(join(tmpdir(), "stowage-page-"));
const clean = async (): Promise<void> => await rm(home, { recursive: true, force: true });
try {
  const { url, stop } = await startPage(kind, process.env, { home, port: PORT });
  console.log(`Open ${url} in a browser. Ctrl+C ends it and removes its files.`);
  let ending: Promise<void> | undefined;
  // A terminal and the program that starts this one may both send the signal.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => void (ending ??= stop().then(clean)));
  }
} catch (error) {
  await clean();
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
