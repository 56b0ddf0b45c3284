// Runs one of the examples that are whole applications: `example NAME [--ceph] [-- arguments]`. With --ceph its bucket is on a Ceph
// that is started here.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startCeph } from "./s3-servers/ceph.js";
import { bucketVariables } from "./s3-servers/server.js";

/** The further variables with which an example uses its bucket. */
const WITH_BUCKET: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "cloudinary-then-s3": {},
  "dual-storage": { USE_S3: "true" },
  "private-hls": { STORAGE_MODE: "s3" },
  "rendition-worker": {},
  "rollout-by-environment": { STORAGE_MODE: "hybrid", S3_SPLIT_PERCENTAGE: "50" },
};

const [name = "", ...rest] = process.argv.slice(2);
const folder = fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
if (!Object.hasOwn(WITH_BUCKET, name) || !existsSync(folder)) {
  console.error(`Usage: pnpm example NAME [--ceph]. NAME is one of ${Object.keys(WITH_BUCKET).join(", ")}`);
  process.exit(2);
}

const server = rest.includes("--ceph") ? await startCeph() : undefined;
const variables = server && { ...(await bucketVariables(server, "example")), ...WITH_BUCKET[name] };
const given = rest.filter((argument) => argument !== "--ceph" && argument !== "--");
const child = spawn(process.execPath, ["--import", "tsx", "--env-file=.env", "src/start.ts", ...given], {
  cwd: folder,
  env: { ...process.env, ...variables },
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill("SIGTERM"));
process.exitCode = await new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 0)));
await server?.stop();
