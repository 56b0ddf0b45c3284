import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { runRules } from "@stowage/conformance";
import { s3, type DialectName } from "@stowage/s3";
import type { S3Server } from "../s3-servers/server.js";
import { CHAIN } from "./chain.js";
import { CLIENTS } from "./clients.js";
import { FAULTS } from "./faults.js";
import { FEATURES } from "./features.js";
import { GUIDE } from "./guide.js";
import { GUIDES } from "./guides.js";
import { LINKS } from "./links.js";
import { OBJECTS } from "./objects.js";
import { assertNoUploads, withReal, type RealTest, type ServerKind } from "./real.js";
import { SETUP } from "./setup.js";
import { RESUMABLE } from "./resumable.js";
import type { Tally } from "./tally.js";
import { testTraps } from "./traps/test-traps.js";
import { wireOfTests } from "./wire.js";

/** As which dialects a server is tried: its own, and the one that trusts a server with the least. */
const DIALECTS: Readonly<Record<ServerKind, readonly DialectName[]>> = {
  ceph: ["ceph", "generic"],
  "ceph-newest": ["ceph"],
  swift: ["swift"],
};

/** The suites, by their names on the command line. */
const SUITES: Readonly<
  Record<SuiteName, (kind: ServerKind, server: S3Server, tally: Tally) => Promise<void>>
> = {
  features: (kind, server, tally) => testEach([...FEATURES, ...RESUMABLE], kind, server, tally),
  links: (kind, server, tally) => testEach(LINKS, kind, server, tally),
  objects: (kind, server, tally) => testEach(OBJECTS, kind, server, tally),
  setup: (kind, server, tally) => testEach(SETUP, kind, server, tally),
  guide: (kind, server, tally) => testEach(GUIDE, kind, server, tally),
  guides: (kind, server, tally) => testEach(GUIDES, kind, server, tally),
  chain: (kind, server, tally) => testEach(CHAIN, kind, server, tally),
  clients: (kind, server, tally) => testEach(CLIENTS, kind, server, tally),
  faults: (kind, server, tally) => testEach(FAULTS, kind, server, tally),
  traps: testTraps,
  contract: testContracts,
};

export type SuiteName =
  | "features"
  | "links"
  | "objects"
  | "setup"
  | "guide"
  | "guides"
  | "chain"
  | "clients"
  | "traps"
  | "faults"
  | "contract";

export const SUITE_NAMES = Object.keys(SUITES) as readonly SuiteName[];

/** Runs suites on one server. */
export async function testServer(
  kind: ServerKind,
  server: S3Server,
  suites: readonly SuiteName[],
  tally: Tally,
): Promise<void> {
  console.log(`\n${server.title}, wire ${wireOfTests()}`);
  for (const suite of suites) await SUITES[suite](kind, server, tally);
}

async function testEach(
  tests: readonly RealTest[],
  kind: ServerKind,
  server: S3Server,
  tally: Tally,
): Promise<void> {
  for (const { title, on, run } of tests) {
    if (on?.includes(kind) ?? true) await tally.test(title, () => withReal(kind, server, run));
  }
}

async function testContracts(kind: ServerKind, server: S3Server, tally: Tally): Promise<void> {
  const { endpoint, tlsEndpoint } = server;
  const [own = "generic"] = DIALECTS[kind];
  for (const dialect of DIALECTS[kind]) await testContract(server, tally, dialect, endpoint);
  if (tlsEndpoint !== undefined) await testContract(server, tally, own, tlsEndpoint);
}

/** The contract's rules; no upload may be left by any. */
async function testContract(
  { credentials }: S3Server,
  tally: Tally,
  dialect: DialectName,
  endpoint: string,
): Promise<void> {
  const { protocol } = new URL(endpoint);
  const bucket = `contract-${wireOfTests()}-${dialect}-${protocol.slice(0, -1)}`;
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const { outcomes, passed, skipped, failed } = await runRules(() => {
    const provider = s3({ bucket, endpoint, credentials, dialect, wire: wireOfTests() });
    return { provider, close: () => provider.close?.() };
  });
  for (const outcome of outcomes) {
    if (outcome.status === "failed") console.log(`FAILED ${outcome.title}\n  ${String(outcome.error)}`);
  }
  tally.add({ passed, failed });
  console.log(
    `contract over ${protocol}//, wire ${wireOfTests()}, dialect ${dialect}: ${passed} passed, ${skipped} skipped, ${failed} failed`,
  );
  await tally.test("no upload is left by any rule", () => assertNoUploads(client, bucket));
  client.destroy();
}
