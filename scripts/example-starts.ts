// Starts each example by its own `npm start`, as a newcomer does, and asks it for its first page.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "./s3-servers/daemons.js";
import { untilAsync } from "./s3-tests/outcomes.js";

const EXAMPLES = fileURLToPath(new URL("../examples", import.meta.url));
const WAIT_MS = 60_000;

type Variables = Readonly<Record<string, string>>;

/** Starts every example that has a script for it. */
export async function startEachExample(bucket: Variables, home: string): Promise<void> {
  const names = await readdir(EXAMPLES);
  let started = 0;
  for (const name of names) {
    const manifest = JSON.parse(await readFile(join(EXAMPLES, name, "package.json"), "utf8")) as {
      readonly scripts?: { readonly start?: string };
    };
    if (manifest.scripts?.start === undefined) continue;
    const [port] = await freePorts(1);
    const folder = join(home, name);
    const variables = { ...bucket, STORAGE_DIR: folder, YTDLP_DOWNLOAD_DIR: folder, PORT: String(port) };
    await (name === "rendition-worker" ? runWorker(variables, home) : startServer(name, variables));
    started += 1;
  }
  assert.ok(started > 0);
}

/** Runs `npm start` with variables that take the place of those of the example's file. */
function npmStart(name: string, variables: Variables, rest: readonly string[] = []) {
  const { STORAGE_DIR, YTDLP_DOWNLOAD_DIR, ...others } = variables;
  // Two folders are a problem that is reported.
  const folder = name === "rollout-by-environment" ? { YTDLP_DOWNLOAD_DIR } : { STORAGE_DIR };
  const child = spawn("npm", ["start", "--silent", ...(rest.length > 0 ? ["--", ...rest] : [])], {
    cwd: join(EXAMPLES, name),
    env: { ...process.env, ...others, ...folder },
    detached: true,
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => output.push(String(data)));
  return { child, said: () => output.join("") };
}

async function startServer(name: string, variables: Variables): Promise<void> {
  const { child, said } = npmStart(name, variables);
  const ended = once(child, "close");
  try {
    const address = (): string | undefined => /http:\/\/(?:127\.0\.0\.1|localhost):\d+/.exec(said())?.[0];
    await untilAsync(
      async () => address() !== undefined || child.exitCode !== null,
      () => `${name} prints no address: ${said()}`,
      WAIT_MS,
    );
    const url = address();
    assert.ok(url !== undefined, `${name} ended: ${said()}`);
    const { status } = await fetch(url);
    assert.ok(status < 500, `${name} answers ${status}: ${said()}`);
  } finally {
    // The whole group: npm, the shell and the program.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
    await ended;
  }
}

async function runWorker(variables: Variables, home: string): Promise<void> {
  const film = join(home, "film.mp4");
  await writeFile(film, "film");
  const { child, said } = npmStart("rendition-worker", variables, ["42", `720p=${film}`]);
  const [code] = (await once(child, "close")) as [number | null];
  assert.equal(code, 0, said());
  assert.match(said(), /720p: http/);
}
