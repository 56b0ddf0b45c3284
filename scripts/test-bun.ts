// The packages on Bun, which is installed from npm: `pnpm test:bun`. S3 is Ceph, installed when it is missing.
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { installPackages } from "./installed-packages.js";
import { startCeph } from "./s3-servers/ceph.js";
import { bucketVariables } from "./s3-servers/server.js";

/** The newest that this was run on. */
const BUN = "bun@1.4.5";
const TIME_MS = 120_000;

async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-bun-program-"));
  const server = await startCeph();
  try {
    await installPackages(folder, ["core", "local", "s3", "journal"], [BUN]);
    await copyFile(new URL("bun/program.mjs", import.meta.url), join(folder, "program.mjs"));
    const env = { ...process.env, ...(await bucketVariables(server, "bun")) };
    const bun = join(folder, "node_modules/.bin/bun");
    const options = { cwd: folder, env, timeout: TIME_MS, encoding: "utf8" } as const;
    const { stdout } = await promisify(execFile)(bun, ["program.mjs"], options).catch(
      (error: { readonly stdout?: string; readonly stderr?: string }) => ({
        stdout: `${error.stdout ?? ""}${error.stderr ?? ""}\nFAILED the program did not come to its end`,
      }),
    );
    const lines = stdout.split("\n");
    console.log(stdout.trimEnd());
    const failed = lines.filter((line) => line.startsWith("FAILED")).length;
    const passed = lines.filter((line) => line.startsWith("ok ")).length;
    console.log(`\n${passed} passed, ${failed} failed`);
    if (failed > 0 || passed === 0) process.exitCode = 1;
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await run();
