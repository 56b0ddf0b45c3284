// The example from end to end: on two folders, with --ceph on a real S3 server and a folder, with --fake with a fake of
// Cloudinary before them.
import { startCeph } from "./s3-servers/ceph.js";
import { bucketVariables } from "./s3-servers/server.js";

try {
  if (process.argv.includes("--ceph")) await runOnCeph();
  else await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  if (process.argv.includes("--fake")) await import("../examples/fallback-server/src/cloudinary-demo.js");
  else await import("../examples/fallback-server/src/demo.js");
}

/** As if the server were somebody's own: all that the example knows of it are the usual variables. */
async function runOnCeph(): Promise<void> {
  console.log("Starting Ceph, which is installed the first time …");
  const server = await startCeph();
  try {
    Object.assign(process.env, await bucketVariables(server, "demo"));
    console.log(`${server.title} answers at ${server.endpoint}\n`);
    await run();
  } finally {
    if (!process.argv.includes("--serve")) await server.stop();
  }
}
