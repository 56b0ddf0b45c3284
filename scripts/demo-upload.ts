// The example of uploads from a browser: with the bucket of AWS_S3_BUCKET, else with Ceph, which is started here.
import { startExample } from "../examples/direct-upload/src/start-example.js";
import { startCeph } from "./s3-servers/ceph.js";
import { bucketVariables, type S3Server } from "./s3-servers/server.js";

const PORT = 8080;

try {
  await serve();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function serve(): Promise<void> {
  const server = process.env["AWS_S3_BUCKET"] === undefined ? await ownServer() : undefined;
  try {
    const { url, stop } = await startExample(process.env, PORT);
    console.log(`Open ${url} and upload a file. Ctrl+C ends it.`);
    await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
    await stop();
  } finally {
    await server?.stop();
  }
}

async function ownServer(): Promise<S3Server> {
  console.log("Starting Ceph, which is installed the first time …");
  const server = await startCeph();
  Object.assign(process.env, await bucketVariables(server, "uploads"));
  console.log(`${server.title} answers at ${server.endpoint}`);
  return server;
}
