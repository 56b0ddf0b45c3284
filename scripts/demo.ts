// The example from end to end: on two folders, or with --ceph on a real S3 server and a folder.
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { startCeph } from "./s3-servers/ceph.js";
import type { S3Server } from "./s3-servers/server.js";

const BUCKET = "demo";

try {
  if (process.argv.includes("--ceph")) await runOnCeph();
  else await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  await import("../examples/fallback-server/src/demo.js");
}

/** As if the server were somebody's own: all that the example knows of it are the usual variables. */
async function runOnCeph(): Promise<void> {
  console.log("Starting Ceph, which is installed the first time …");
  const server = await startCeph();
  try {
    await createBucket(server);
    Object.assign(process.env, {
      AWS_S3_BUCKET: BUCKET,
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL_S3: server.endpoint,
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
    });
    console.log(`${server.title} answers at ${server.endpoint}\n`);
    await run();
  } finally {
    if (!process.argv.includes("--serve")) await server.stop();
  }
}

async function createBucket({ endpoint, credentials }: S3Server): Promise<void> {
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
}
