// The S3 adapter against real servers, which this script installs and starts.
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import { runRules } from "@stowage/conformance";
import { s3, type DialectName } from "@stowage/s3";
import { FAULTS, runFault } from "./s3-faults.js";
import { startCeph, type S3Server } from "./s3-servers/ceph.js";

process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
const counts = { passed: 0, skipped: 0, failed: 0 };

async function testServer(title: string, server: S3Server, dialects: readonly DialectName[]): Promise<void> {
  const { endpoint, credentials } = server;
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  for (const dialect of dialects) {
    const bucket = `conformance-${dialect}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const { outcomes, passed, skipped, failed } = await runRules(() => {
      const provider = s3({ bucket, endpoint, credentials, dialect });
      return { provider, close: () => provider.close?.() };
    });
    for (const outcome of outcomes) {
      if (outcome.status === "failed") console.log(`FAILED ${outcome.title}\n  ${String(outcome.error)}`);
    }
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    if (Uploads.length > 0) console.log(`FAILED ${Uploads.length} uploads are left`);
    console.log(`${title}, dialect ${dialect}: ${passed} passed, ${skipped} skipped, ${failed} failed`);
    counts.passed += passed + (Uploads.length === 0 ? 1 : 0);
    counts.skipped += skipped;
    counts.failed += failed + (Uploads.length === 0 ? 0 : 1);
  }
  client.destroy();
}

/** No upload may be left when a put has settled, whatever happened to its connection. */
async function testFaults(server: S3Server): Promise<void> {
  const { endpoint, credentials } = server;
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  for (const [index, fault] of FAULTS.entries()) {
    const bucket = `faults-${index}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    try {
      await runFault(server, bucket, fault);
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      if (Uploads.length > 0) throw new Error(`${Uploads.length} uploads are left`);
      counts.passed += 1;
      console.log(`ok     ${fault.title}`);
    } catch (error) {
      counts.failed += 1;
      console.log(`FAILED ${fault.title}\n  ${String(error)}`);
    }
  }
  client.destroy();
}

async function main(): Promise<void> {
  const ceph = await startCeph();
  try {
    await testFaults(ceph);
    await testServer("Ceph", ceph, ["ceph", "generic"]);
  } finally {
    await ceph.stop();
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
