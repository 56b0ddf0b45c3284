// Real S3 servers for tests: Ceph's RADOS Gateway from Debian's packages, one of each daemon, objects in memory.
import { randomBytes, randomUUID } from "node:crypto";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Certificate } from "./certificate.js";
import { answers, createDaemons, freePorts, type Daemon, type Daemons } from "./daemons.js";
import { debianRoot, inRoot, install, type Software } from "./debian.js";
import { ini } from "./ini.js";
import type { S3Server, ServerUser } from "./server.js";

const CEPH: Software = {
  title: "Ceph",
  programs: ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool"],
  packages: ["ceph-mon", "ceph-osd", "radosgw", "ceph-common"],
};

/** What the gateway's key management knows. */
export const KMS_KEY_ID = "testkey-1";

/** The release of Debian that has the newest Ceph. */
const NEWEST_SUITE = "forky";

/**
 * Starts the gateway that this Debian has, on 127.0.0.1. It verifies signatures.
 *
 * @throws Error in one line when the programs are missing and cannot be installed.
 */
export async function startCeph(tls?: Certificate): Promise<S3Server> {
  await install(CEPH);
  return await start(await createDaemons("ceph"), tls);
}

/** The same with the newest Ceph, in a root folder of its own. */
export async function startNewestCeph(tls?: Certificate): Promise<S3Server> {
  const root = await debianRoot(NEWEST_SUITE, CEPH);
  return await start(await createDaemons("ceph-newest", inRoot(root)), tls);
}

async function start(daemons: Daemons, tls: Certificate | undefined): Promise<S3Server> {
  try {
    return { ...(await startAll(daemons, tls)), stop: daemons.stop };
  } catch (error) {
    await daemons.stop();
    throw error;
  }
}

async function startAll(daemons: Daemons, tls: Certificate | undefined): Promise<Omit<S3Server, "stop">> {
  const { folder, run } = daemons;
  const [monitorPort = 0, port = 0, tlsPort = 0] = await freePorts(3);
  const cluster = randomUUID();
  for (const name of ["mon", "osd", "rgw"]) await mkdir(join(folder, name));
  const ports = `tcp_nodelay=1 endpoint=127.0.0.1:${port}`;
  const tlsPorts =
    tls && ` ssl_endpoint=127.0.0.1:${tlsPort} ssl_certificate=${await copied(tls.both, folder)}`;
  const conf = join(folder, "ceph.conf");
  await writeFile(
    conf,
    configuration({ folder, cluster, monitorPort, frontend: `beast ${ports}${tlsPorts ?? ""}` }),
  );

  const map = join(folder, "monmap");
  const address = `[v2:127.0.0.1:${monitorPort}]`;
  await run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", address, map);
  await run("ceph-mon", "-c", conf, "-i", "a", "--mkfs", "--monmap", map);
  await daemons.start("mon", ["ceph-mon", "-c", conf, "-i", "a", "-f"], () => answers(monitorPort));

  const disk = randomUUID();
  await run("ceph", "-c", conf, "osd", "new", disk);
  await run("ceph-osd", "-c", conf, "-i", "0", "--mkfs", "--osd-uuid", disk);
  await daemons.start("osd", ["ceph-osd", "-c", conf, "-i", "0", "-f"], async () => {
    const stat = await run("ceph", "-c", conf, "osd", "stat", "-f", "json");
    return (JSON.parse(stat) as { readonly num_up_osds?: number }).num_up_osds === 1;
  });

  const addUser = async (): Promise<ServerUser> => {
    const name = `user-${randomBytes(4).toString("hex")}`;
    const credentials = {
      accessKeyId: `TEST${randomBytes(8).toString("hex").toUpperCase()}`,
      secretAccessKey: randomBytes(20).toString("hex"),
    };
    const keys = ["--access-key", credentials.accessKeyId, "--secret-key", credentials.secretAccessKey];
    const user = [`--uid=${name}`, `--display-name=${name}`, ...keys];
    await run("radosgw-admin", "-c", conf, "user", "create", ...user);
    return { arn: `arn:aws:iam:::user/${name}`, credentials };
  };
  // The first user also makes the pools that the gateway wants.
  const { credentials } = await addUser();
  const endpoint = `http://127.0.0.1:${port}`;
  const gateway = ["radosgw", "-c", conf, "-n", "client.rgw", "-f"] as const;
  const startGateway = async (): Promise<Daemon> =>
    await daemons.start("rgw", gateway, async () => (await fetch(endpoint)).ok);
  let running = await startGateway();
  const version = await run("ceph", "--version");
  return {
    title: `Ceph ${/\d+\.\d+\.\d+/.exec(version)?.[0] ?? version}`,
    endpoint,
    tlsEndpoint: tls && `https://127.0.0.1:${tlsPort}`,
    credentials,
    addUser,
    gateway: {
      down: () => running.kill(),
      up: async () => {
        running = await startGateway();
      },
    },
  };
}

/** Into the folder, which other roots see too. */
async function copied(file: string, folder: string): Promise<string> {
  const path = join(folder, "tls.pem");
  await copyFile(file, path);
  return path;
}

interface Cluster {
  readonly folder: string;
  readonly cluster: string;
  readonly monitorPort: number;
  readonly frontend: string;
}

/** @see https://docs.ceph.com/en/latest/radosgw/config-ref/ and the references beside it */
function configuration({ folder, cluster, monitorPort, frontend }: Cluster): string {
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
      // Without tcp_nodelay every small answer waits 40 ms for an acknowledgement.
      "rgw frontends": frontend,
      // Encryption with a key that is nobody's secret, and over plain HTTP too.
      "rgw crypt require ssl": "false",
      "rgw crypt s3 kms backend": "testing",
      "rgw crypt s3 kms encryption keys": `${KMS_KEY_ID}=${Buffer.alloc(32, 7).toString("base64")}`,
      // For rules about objects a day lasts two seconds.
      "rgw lc debug interval": 2,
      // Deleted objects give their memory back in seconds.
      "rgw gc obj min wait": 5,
      "rgw gc processor period": 5,
      "rgw gc processor max time": 5,
    },
  };
  return ini(settings);
}
