// How much memory many streams at once take that go through a mirror with a slow and a dead member.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { StreamsReport } from "../../packages/local/src/testing/many-streams.test-support.js";
import type { Tally } from "../s3-tests/tally.js";
import type { MemorySettings } from "./memory-child.js";

const MIB = 1024 * 1024;
/** How far the process may grow beyond `memoryBytes`, in MiB. */
const BEYOND_MIB_MAX = 96;
const MEMORY_MIB = [64, 256] as const;

type World = Pick<MemorySettings, "members" | "journal" | "deadHow">;

const WORLDS: readonly World[] = [
  { members: "disks", journal: "none", deadHow: "refuses" },
  { members: "disks", journal: "none", deadHow: "hangs" },
  { members: "disks", journal: "memory", deadHow: "refuses" },
  { members: "disks", journal: "sqlite", deadHow: "hangs" },
  { members: "disk and S3", journal: "none", deadHow: "refuses" },
  { members: "disk and S3", journal: "sqlite", deadHow: "refuses" },
];

/** Puts so many streams at once through each mirror, in a process of its own. */
export async function tryMemory(
  { streams, mebibytes }: { readonly streams: number; readonly mebibytes: number },
  { tell }: Pick<Tally, "tell">,
): Promise<void> {
  for (const memoryMib of MEMORY_MIB) {
    for (const world of WORLDS) {
      const bytes = mebibytes * MIB;
      const report = await inChild({ ...world, streams, bytes, memoryBytes: memoryMib * MIB });
      const growthMib = report.growth / MIB;
      const isBounded = growthMib <= memoryMib + BEYOND_MIB_MAX;
      const isRight = report.acknowledged > 0 && report.wrong.length === 0 && report.left.length === 0;
      const { members, journal, deadHow } = world;
      tell(
        isBounded && isRight,
        `${streams} streams of ${mebibytes} MiB, ${members}, journal: ${journal}, the dead member ${deadHow}, memoryBytes ${memoryMib} MiB: ` +
          `${report.acknowledged} acknowledged in ${report.seconds.toFixed(0)} s, ${report.wrong.length} of them wrong, ` +
          `${growthMib.toFixed(0)} MiB more (at most ${memoryMib + BEYOND_MIB_MAX}), ${report.left.length} descriptors left`,
      );
      const failures = Object.entries(report.failed).map(([why, count]) => `${count} × ${why}`);
      for (const line of [...failures, ...report.wrong, ...report.left].slice(0, 10))
        console.log(`       ${line}`);
    }
  }
}

async function inChild(settings: Omit<MemorySettings, "endpoint" | "deadEndpoint">): Promise<StreamsReport> {
  const server = settings.members === "disks" ? undefined : await startServer();
  try {
    const endpoints = { endpoint: server?.endpoint ?? "", deadEndpoint: await unusedEndpoint() };
    const program = fileURLToPath(new URL("memory-child.ts", import.meta.url));
    const argument = JSON.stringify({ ...settings, ...endpoints });
    const options = ["--expose-gc", "--import", "tsx", program, argument];
    const { stdout } = await promisify(execFile)(process.execPath, options, { maxBuffer: 2 ** 26 });
    return JSON.parse(stdout) as StreamsReport;
  } finally {
    server?.stop();
  }
}

/** Starts a server that speaks S3, in a process of its own, so that what it keeps is not counted. */
async function startServer(): Promise<{ readonly endpoint: string; readonly stop: () => void }> {
  const program = fileURLToPath(new URL("../../bench/src/s3/sink.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, "{}"], { stdio: ["pipe", "pipe", "inherit"] });
  const [endpoint] = (await once(createInterface(child.stdout), "line")) as [string];
  return { endpoint, stop: () => child.stdin.end() };
}

/** Returns an endpoint at which nobody listens. */
async function unusedEndpoint(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}
