// The S3 adapter against real servers, which this script installs and starts.
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import { runRules } from "@stowage/conformance";
import { s3, type DialectName } from "@stowage/s3";
import { startCeph, type S3Server } from "./s3-servers/ceph.js";

const counts = { passed: 0, skipped: 0, failed: 0 };

async function testServer(title: string, server: S3Server, dialects: readonly DialectName[]): Promise<void> {
  const { endpoint, credentials } = server;
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
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

async function main(): Promise<void> {
  const ceph = await startCeph();
  try {
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
