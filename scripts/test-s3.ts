// The S3 adapter against real servers, which this script installs and starts. Every server is tried through both wires. Names of
// servers, of wires and of suites choose some of them: `test:s3 [ceph] [ceph-newest] [swift] [own] [sdk] [features] [links]
// [objects] [setup] [guide] [guides] [chain] [faults] [traps] [clients] [contract]`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCeph, startNewestCeph } from "./s3-servers/ceph.js";
import { certificateIn, makeCertificate, type Certificate } from "./s3-servers/certificate.js";
import type { S3Server } from "./s3-servers/server.js";
import { startSwift } from "./s3-servers/swift.js";
import type { ServerKind } from "./s3-tests/real.js";
import { SUITE_NAMES, testServer, type SuiteName } from "./s3-tests/server-tests.js";
import { createTally } from "./s3-tests/tally.js";
import { useWire, WIRES, type WireName } from "./s3-tests/wire.js";

const SERVERS: Readonly<Record<ServerKind, (tls: Certificate) => Promise<S3Server>>> = {
  ceph: startCeph,
  "ceph-newest": startNewestCeph,
  swift: startSwift,
};

/** Where the certificate is that this process trusts. */
const TLS_FOLDER = "STOWAGE_TEST_TLS_FOLDER";

try {
  const folder = process.env[TLS_FOLDER];
  process.exitCode = folder === undefined ? await runTrusting() : await run(certificateIn(folder));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Node reads the authorities to trust when it starts, so the tests run in a process of their own. */
async function runTrusting(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "stowage-tls-"));
  try {
    const { certificate } = await makeCertificate(folder);
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificate, [TLS_FOLDER]: folder };
    const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
    return spawnSync(process.execPath, args, { env, stdio: "inherit" }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(tls: Certificate): Promise<number> {
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const tally = createTally();
  const { kinds, wires, suites } = chosen(process.argv.slice(2));
  for (const kind of kinds) {
    const server = await SERVERS[kind](tls);
    try {
      for (const wire of wires) {
        useWire(wire);
        await testServer(kind, server, suites, tally);
      }
    } finally {
      await server.stop();
    }
  }
  console.log(tally.closingLine());
  return tally.hasFailures() ? 1 : 0;
}

interface Choice {
  readonly kinds: readonly ServerKind[];
  readonly wires: readonly WireName[];
  readonly suites: readonly SuiteName[];
}

function chosen(names: readonly string[]): Choice {
  const kinds = Object.keys(SERVERS) as ServerKind[];
  const all: readonly string[] = [...kinds, ...WIRES, ...SUITE_NAMES];
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new Error(`${unknown} is no server, no wire and no suite: ${all.join(", ")}`);
  return { kinds: some(kinds, names), wires: some(WIRES, names), suites: some(SUITE_NAMES, names) };
}

/** Those that were named, or all. */
function some<Name extends string>(all: readonly Name[], names: readonly string[]): readonly Name[] {
  const named = all.filter((name) => names.includes(name));
  return named.length === 0 ? all : named;
}
