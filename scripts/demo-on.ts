// What the demos of composers share: a folder, how many calls, and with --ceph a real S3 server behind a proxy that
// breaks connections.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seeded } from "@stowage/conformance";
import { startCeph } from "./s3-servers/ceph.js";
import { bucketVariables, type Gateway } from "./s3-servers/server.js";
import { startProxy, type ConnectionFault } from "./s3-tests/tcp-proxy.js";

export interface DemoGiven {
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  readonly operations: number;
  readonly bucket?: Gateway | undefined;
}

const OPERATIONS = 2000;

/** How many of a hundred requests meet each fault. */
const FAULTS: readonly (readonly [percent: number, fault: ConnectionFault])[] = [
  [1, { resetAfterSentBytes: 800 }],
  // It takes effect, and the answer is lost.
  [1, { resetAfterReceivedBytes: 0 }],
  [0.5, { endAfterReceivedBytes: 400 }],
];

/** Runs a demo to its end, and removes what it leaves. Fails the process when it fails. */
export async function demoOn(bucket: string, run: (given: DemoGiven) => Promise<void>): Promise<void> {
  const { values } = parseArgs({
    options: { ceph: { type: "boolean", default: false }, operations: { type: "string" } },
  });
  const operations = Number(values.operations ?? OPERATIONS);
  const home = await mkdtemp(join(tmpdir(), "stowage-demo-"));
  try {
    if (!Number.isSafeInteger(operations) || operations < 10) {
      throw new Error("--operations is a whole number from 10");
    }
    if (values.ceph) await onCeph(bucket, { home, operations }, run);
    else await run({ environment: { ...process.env }, home, operations });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function onCeph(
  bucket: string,
  given: Pick<DemoGiven, "home" | "operations">,
  run: (given: DemoGiven) => Promise<void>,
): Promise<void> {
  console.log("Starting Ceph, which is installed the first time …");
  const server = await startCeph();
  const random = seeded(7);
  const proxy = await startProxy(server.endpoint, () => faultOf(random() * 100));
  try {
    const variables = { ...(await bucketVariables(server, bucket)), AWS_ENDPOINT_URL_S3: proxy.endpoint };
    // The SDK looks for credentials there.
    Object.assign(process.env, variables);
    console.log(`${server.title} answers at ${proxy.endpoint}, and some connections break\n`);
    await run({ ...given, environment: { ...process.env }, bucket: server.gateway });
  } finally {
    await proxy.close();
    await server.stop();
  }
}

function faultOf(dice: number): ConnectionFault {
  let from = 0;
  for (const [percent, fault] of FAULTS) {
    if (dice < (from += percent)) return fault;
  }
  return {};
}
