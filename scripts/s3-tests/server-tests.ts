import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import { runRules } from "@stowage/conformance";
import { s3, type DialectName } from "@stowage/s3";
import type { S3Server } from "../s3-servers/server.js";
import { FAULTS, runFault } from "./faults.js";
import type { Tally } from "./tally.js";

export type ServerKind = "ceph" | "ceph-newest" | "swift";

/** As which dialects a server is tried: its own, and the one that trusts a server with the least. */
const DIALECTS: Readonly<Record<ServerKind, readonly DialectName[]>> = {
  ceph: ["ceph", "generic"],
  "ceph-newest": ["ceph"],
  swift: ["swift"],
};

/** Runs everything on one server. */
export async function testServer(kind: ServerKind, server: S3Server, tally: Tally): Promise<void> {
  const { endpoint, credentials, title } = server;
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const context: Context = { kind, server, tally, client };
  console.log(`\n${title}`);
  await testFaults(context);
  for (const dialect of DIALECTS[kind]) await testContract(context, dialect, endpoint);
  if (server.tlsEndpoint !== undefined)
    await testContract(context, DIALECTS[kind][0] ?? "generic", server.tlsEndpoint);
  client.destroy();
}

interface Context {
  readonly kind: ServerKind;
  readonly server: S3Server;
  readonly tally: Tally;
  readonly client: S3Client;
}

/** The contract's rules; no upload may be left by any. */
async function testContract(
  { server, tally, client }: Context,
  dialect: DialectName,
  endpoint: string,
): Promise<void> {
  const { credentials } = server;
  const { protocol } = new URL(endpoint);
  const bucket = `contract-${dialect}-${protocol.slice(0, -1)}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const { outcomes, passed, skipped, failed } = await runRules(() => {
    const provider = s3({ bucket, endpoint, credentials, dialect });
    return { provider, close: () => provider.close?.() };
  });
  for (const outcome of outcomes) {
    if (outcome.status === "failed") console.log(`FAILED ${outcome.title}\n  ${String(outcome.error)}`);
  }
  tally.add({ passed, failed });
  console.log(
    `contract over ${protocol}//, dialect ${dialect}: ${passed} passed, ${skipped} skipped, ${failed} failed`,
  );
  await tally.test("no upload is left by any rule", () => assertNoUploads(client, bucket));
}

/** No upload may be left when a put has settled, whatever happened to its connection. */
async function testFaults({ kind, server, tally, client }: Context): Promise<void> {
  const dialect = DIALECTS[kind][0] ?? "generic";
  for (const [index, fault] of FAULTS.entries()) {
    const bucket = `faults-${index}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    await tally.test(fault.title, async () => {
      await runFault({ server, bucket, dialect }, fault);
      await assertNoUploads(client, bucket);
    });
  }
}

async function assertNoUploads(client: S3Client, bucket: string): Promise<void> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  if (Uploads.length > 0) throw new Error(`${Uploads.length} uploads are left`);
}
