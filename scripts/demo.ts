// A composer from end to end, under its own checks, or with --serve its page: `demo.ts fallback|mirror|split`. Folders stand for what is not
// there; with --ceph the bucket is on a real S3 server, behind a proxy that breaks connections; with --fake a fake of Cloudinary is the first.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cloudinaryFake, seeded } from "@stowage/conformance";
import { accountOf, runCloudinary } from "../examples/composers/src/demos/cloudinary.js";
import { runFallback } from "../examples/composers/src/demos/fallback.js";
import { runMirror } from "../examples/composers/src/demos/mirror.js";
import type { BucketServer, DemoOptions } from "../examples/composers/src/demos/options.js";
import { runSplit } from "../examples/composers/src/demos/split.js";
import { startPage } from "../examples/composers/src/start-page.js";
import { startCeph } from "./s3-servers/ceph.js";
import { bucketVariables } from "./s3-servers/server.js";
import { startProxy, type ConnectionFault } from "./s3-tests/tcp-proxy.js";

const DEMOS = { fallback: runFallback, mirror: runMirror, split: runSplit } as const;
const OPERATIONS = 2000;
const PORT = 8080;

/** How many of a hundred requests meet each fault. */
const FAULTS: readonly (readonly [percent: number, fault: ConnectionFault])[] = [
  [1, { resetAfterSentBytes: 800 }],
  // It takes effect, and the answer is lost.
  [1, { resetAfterReceivedBytes: 0 }],
  [0.5, { endAfterReceivedBytes: 400 }],
];

const OPTIONS = {
  serve: { type: "boolean", default: false },
  ceph: { type: "boolean", default: false },
  fake: { type: "boolean", default: false },
  operations: { type: "string", default: String(OPERATIONS) },
} as const;

try {
  await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const kind = (["fallback", "mirror", "split"] as const).find((name) => name === positionals[0]);
  if (kind === undefined) throw new Error("Say which: fallback, mirror or split");
  const operations = Number(values.operations);
  if (!Number.isSafeInteger(operations) || operations < 10) {
    throw new Error("--operations must be a whole number, at least 10");
  }
  const demo = values.fake ? runCloudinary : DEMOS[kind];
  const home = await mkdtemp(join(tmpdir(), "stowage-demo-"));
  const work = async (bucket?: BucketServer): Promise<void> => {
    const options: DemoOptions = { env: process.env, home, operations, bucket };
    await (values.serve ? servePage(kind, home, values.fake) : demo(options));
  };
  try {
    await (values.ceph ? onCeph(kind, values.serve || kind === "fallback", work) : work());
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function servePage(kind: keyof typeof DEMOS, home: string, withFake: boolean): Promise<void> {
  const fake = withFake ? await cloudinaryFake() : undefined;
  const cloudinary = fake && accountOf(fake);
  const { url, stop } = await startPage(kind, process.env, { home, port: PORT, cloudinary });
  console.log(`Open ${url} in a browser. Ctrl+C ends it and removes its files.

  curl -T film.mp4 -X POST '${url}/files?name=film.mp4'
  curl -X PUT ${url}/members/bucket/down
  curl ${url}/promises         what the ${kind} promises
  curl ${url}/metrics          what Prometheus is told`);
  // Not only once: a terminal and the program that starts this one may both send the signal.
  await new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, resolve);
  });
  await stop();
  await fake?.close();
}

/** Runs something with the usual variables of a bucket on Ceph. */
async function onCeph(
  bucket: string,
  isCalm: boolean,
  work: (server: BucketServer | undefined) => Promise<void>,
): Promise<void> {
  console.log("Starting Ceph, which is installed the first time …");
  const server = await startCeph();
  const random = seeded(7);
  const proxy = await startProxy(server.endpoint, () => (isCalm ? {} : faultOf(random() * 100)));
  try {
    const variables = { ...(await bucketVariables(server, bucket)), AWS_ENDPOINT_URL_S3: proxy.endpoint };
    // The SDK looks for credentials there.
    Object.assign(process.env, variables);
    console.log(
      `${server.title} answers at ${proxy.endpoint}${isCalm ? "" : ", and some connections break"}\n`,
    );
    await work(server.gateway);
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
