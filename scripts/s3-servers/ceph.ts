// A real S3 server for tests: Ceph's RADOS Gateway from Debian's packages, one of each daemon, objects in memory.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);
const PROGRAMS = ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool"];
const PACKAGES = ["ceph-mon", "ceph-osd", "radosgw", "ceph-common"];
const START_MS_MAX = 60_000;

/** A server that runs. */
export interface S3Server {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly stop: () => Promise<void>;
}

interface Daemon {
  readonly program: string;
  readonly child: ChildProcess;
  readonly folder: string;
  readonly ended: Promise<unknown>;
}

/**
 * Starts a gateway on 127.0.0.1 that verifies signatures. It ends with `stop`, or with this process.
 *
 * @throws Error in one line when the programs are missing and cannot be installed.
 */
export async function startCeph(): Promise<S3Server> {
  await install();
  const folder = await mkdtemp(join(tmpdir(), "stowage-ceph-"));
  const daemons: Daemon[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(daemons.map(kill));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await startIn(folder, daemons)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Needs root once, for the packages; the daemons need none. */
async function install(): Promise<void> {
  if (await hasPrograms()) return;
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const apt = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"];
  try {
    await run([...apt, "update"]);
    await run([...apt, "install", "--no-install-recommends", ...PACKAGES]);
  } catch (error) {
    const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
    const [reason] = (stderr ?? message).trim().split("\n");
    throw new Error(`Ceph is not there and could not be installed (apt-get as root is needed): ${reason}`, {
      cause: error,
    });
  }
}

async function hasPrograms(): Promise<boolean> {
  const found = await Promise.all(
    PROGRAMS.map((program) =>
      run(["sh", "-c", `command -v ${program}`]).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

async function startIn(folder: string, daemons: Daemon[]): Promise<Omit<S3Server, "stop">> {
  const [monitorPort, port] = [await freePort(), await freePort()];
  const conf = join(folder, "ceph.conf");
  const cluster = randomUUID();
  for (const name of ["mon", "osd", "rgw"]) await mkdir(join(folder, name));
  await writeFile(conf, configuration(folder, cluster, monitorPort, port));

  const map = join(folder, "monmap");
  await run([
    "monmaptool",
    "--create",
    "--fsid",
    cluster,
    "--addv",
    "a",
    `[v2:127.0.0.1:${monitorPort}]`,
    map,
  ]);
  await run(["ceph-mon", "-c", conf, "-i", "a", "--mkfs", "--monmap", map]);
  const monitor = daemon(daemons, folder, ["ceph-mon", "-c", conf, "-i", "a", "-f"]);
  await until(monitor, () => answers(monitorPort));

  const disk = randomUUID();
  await run(["ceph", "-c", conf, "osd", "new", disk]);
  await run(["ceph-osd", "-c", conf, "-i", "0", "--mkfs", "--osd-uuid", disk]);
  const store = daemon(daemons, folder, ["ceph-osd", "-c", conf, "-i", "0", "-f"]);
  await until(store, async () => {
    const { stdout } = await run(["ceph", "-c", conf, "osd", "stat", "-f", "json"]);
    return (JSON.parse(stdout) as { readonly num_up_osds?: number }).num_up_osds === 1;
  });

  const credentials = {
    accessKeyId: `TEST${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString("hex"),
  };
  // The first user also makes the pools that the gateway wants.
  const keys = ["--access-key", credentials.accessKeyId, "--secret-key", credentials.secretAccessKey];
  await run(["radosgw-admin", "-c", conf, "user", "create", "--uid=test", "--display-name=test", ...keys]);
  const gateway = daemon(daemons, folder, ["radosgw", "-c", conf, "-n", "client.rgw", "-f"]);
  const endpoint = `http://127.0.0.1:${port}`;
  await until(gateway, async () => (await fetch(endpoint)).ok);
  return { endpoint, credentials };
}

/** @see https://docs.ceph.com/en/latest/radosgw/config-ref/ and the references beside it */
function configuration(folder: string, cluster: string, monitorPort: number, port: number): string {
  const settings = {
    global: {
      fsid: cluster,
      "mon host": `[v2:127.0.0.1:${monitorPort}/0]`,
      "mon initial members": "a",
      "public addr": "127.0.0.1",
      "cluster addr": "127.0.0.1",
      "ms bind msgr1": "false",
      // No keys between the daemons; without keys the gateway's link to the monitor cannot be encrypted.
      "auth cluster required": "none",
      "auth service required": "none",
      "auth client required": "none",
      "ms mon client mode": "crc",
      "admin socket": "",
      "run dir": folder,
      "crash dir": folder,
      "log file": join(folder, "$name.log"),
      "osd pool default size": 1,
      "osd pool default min size": 1,
      "osd pool default pg num": 4,
      "osd pool default pg autoscale mode": "off",
      "osd crush chooseleaf type": 0,
      "mon allow pool size one": "true",
    },
    mon: {
      "mon data": join(folder, "mon"),
      // Each change of the cluster would wait a second for others.
      "paxos propose interval": 0.02,
      "paxos min wait": 0.01,
      // A monitor ends itself on a disk that is nearly full.
      "mon data avail crit": 0,
      "mon data avail warn": 0,
    },
    osd: {
      "osd data": join(folder, "osd"),
      "osd objectstore": "memstore",
      "memstore device bytes": 4 * 1024 ** 3,
      "osd max object size": 256 * 1024 ** 2,
    },
    client: {
      "rgw data": join(folder, "rgw"),
      // Without it every small answer waits 40 ms for an acknowledgement.
      "rgw frontends": `beast tcp_nodelay=1 endpoint=127.0.0.1:${port}`,
      // Deleted objects give their memory back in seconds.
      "rgw gc obj min wait": 5,
      "rgw gc processor period": 5,
      "rgw gc processor max time": 5,
    },
  };
  return Object.entries(settings)
    .map(([section, values]) => {
      const lines = Object.entries(values).map(([name, value]) => `${name} = ${value}`);
      return `[${section}]\n${lines.join("\n")}\n`;
    })
    .join("\n");
}

function daemon(
  daemons: Daemon[],
  folder: string,
  [program, ...args]: readonly [string, ...string[]],
): Daemon {
  const child = spawn(program, args, { stdio: "ignore", cwd: folder });
  const one = { program, child, folder, ended: new Promise((resolve) => child.once("close", resolve)) };
  daemons.push(one);
  process.once("exit", () => child.kill("SIGKILL"));
  return one;
}

/** Asked politely, they would write all of their memory to the disk first. */
async function kill({ child, ended }: Daemon): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGKILL");
  await ended;
}

async function until({ program, child, folder }: Daemon, isReady: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + START_MS_MAX;
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode === null && performance.now() < giveUpAt) {
      await delay(50);
      continue;
    }
    const log = await readFile(join(folder, "mon.a.log"), "utf8").catch(() => "");
    throw new Error(`${program} did not start: ${log.trim().split("\n").at(-1) ?? ""}`);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function run([program, ...args]: readonly string[]): Promise<{ readonly stdout: string }> {
  return await execute(program ?? "", args, { timeout: 300_000, maxBuffer: 2 ** 26 });
}
