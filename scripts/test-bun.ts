// The packages on Bun, which is installed from npm: `pnpm test:bun`. S3 is Ceph, installed when it is missing.
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { installPackages } from "./installed-packages.js";
import { startCeph } from "./s3-servers/ceph.js";
import { bucketVariables } from "./s3-servers/server.js";

/** The newest that this was run on. */
const BUN = "bun@1.4.5";
const TIME_MS = 120_000;

const NAMES = ["core", "local", "s3", "cloudinary", "journal", "http", "conformance", "stowage"] as const;
const PROGRAMS = ["program.mjs", "cloudinary-then-s3.mjs"] as const;

/** Files that the programs find beside them. */
const FILES = ["bun/program.mjs", "bun/cloudinary-then-s3.mjs", "../examples/cloudinary-then-s3/src/app.ts"];

async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-bun-program-"));
  const server = await startCeph();
  try {
    await installPackages(folder, NAMES, [BUN, "express@5", "multer@2"]);
    for (const file of FILES) await copyFile(new URL(file, import.meta.url), join(folder, basename(file)));
    const env = { ...process.env, ...(await bucketVariables(server, "bun")) };
    const counts = { passed: 0, failed: 0 };
    for (const program of PROGRAMS) {
      const { stdout } = await promisify(execFile)(join(folder, "node_modules/.bin/bun"), [program], {
        cwd: folder,
        env,
        timeout: TIME_MS,
        encoding: "utf8",
      }).catch((error: { readonly stdout?: string; readonly stderr?: string }) => ({
        stdout: `${error.stdout ?? ""}${error.stderr ?? ""}\nFAILED ${program} did not come to its end`,
      }));
      console.log(stdout.trimEnd());
      const lines = stdout.split("\n");
      counts.failed += lines.filter((line) => line.startsWith("FAILED")).length;
      counts.passed += lines.filter((line) => line.startsWith("ok ")).length;
    }
    console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
    if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await run();
