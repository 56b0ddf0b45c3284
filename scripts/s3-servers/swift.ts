// OpenStack Swift with its S3 API, from Debian's packages: a server with other habits than Amazon's.
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Certificate } from "./certificate.js";
import { answers, createDaemons, freePorts, type Daemons } from "./daemons.js";
import { install, type Software } from "./debian.js";
import { ini } from "./ini.js";
import type { S3Server } from "./server.js";

const SWIFT: Software = {
  title: "Swift",
  programs: [
    "swift-proxy-server",
    "swift-account-server",
    "swift-container-server",
    "swift-object-server",
    "memcached",
  ],
  packages: ["swift-proxy", "swift-account", "swift-container", "swift-object", "memcached"],
};

/**
 * Starts one of each of Swift's servers on 127.0.0.1, with one replica. It verifies signatures.
 *
 * @throws Error in one line when the programs are missing and cannot be installed.
 */
export async function startSwift(tls?: Certificate): Promise<S3Server> {
  await install(SWIFT);
  const daemons = await createDaemons("swift");
  try {
    return { ...(await startAll(daemons, tls)), stop: daemons.stop };
  } catch (error) {
    await daemons.stop();
    throw error;
  }
}

const STORES = ["account", "container", "object"] as const;

async function startAll(daemons: Daemons, tls: Certificate | undefined): Promise<Omit<S3Server, "stop">> {
  const { folder } = daemons;
  const ports = await freePorts(6);
  const [port = 0, tlsPort = 0, cachePort = 0] = ports;
  for (const name of ["disks/one", "rings"]) await mkdir(join(folder, name), { recursive: true });
  const secret = { "swift-hash": { swift_hash_path_suffix: randomBytes(8).toString("hex") } };
  await writeFile(join(folder, "rings", "swift.conf"), ini(secret));
  await daemons.start("memcached", cacheCommand(cachePort), () => answers(cachePort));
  await Promise.all(STORES.map((store, index) => startStore(daemons, store, ports[index + 3] ?? 0)));

  const secretAccessKey = randomBytes(20).toString("hex");
  const proxy = { folder, cachePort, secretAccessKey };
  await startServer(daemons, "proxy", proxySettings(proxy, port), port);
  if (tls !== undefined) {
    await startServer(daemons, "proxy", proxySettings({ ...proxy, tls }, tlsPort), tlsPort, "proxy-tls");
  }
  return {
    title: `Swift ${await versionOf(daemons)}`,
    endpoint: `http://127.0.0.1:${port}`,
    tlsEndpoint: tls && `https://127.0.0.1:${tlsPort}`,
    credentials: { accessKeyId: "test:tester", secretAccessKey },
  };
}

async function versionOf({ run }: Daemons): Promise<string> {
  const text = await run("dpkg-query", "--show", "--showformat", "${Version}", "swift-proxy");
  return /^[\d.]+/.exec(text)?.[0] ?? text;
}

/** The accounts' names and rights are kept there. */
function cacheCommand(port: number): readonly [string, ...string[]] {
  const user = process.getuid?.() === 0 ? ["-u", "root"] : [];
  return ["memcached", "-l", "127.0.0.1", "-p", String(port), "-U", "0", "-m", "16", ...user];
}

async function startStore(daemons: Daemons, name: (typeof STORES)[number], port: number): Promise<void> {
  const { folder, run } = daemons;
  const ring = join(folder, "rings", `${name}.builder`);
  await run("swift-ring-builder", ring, "create", "2", "1", "0");
  await run("swift-ring-builder", ring, "add", `r1z1-127.0.0.1:${port}/one`, "1");
  await run("swift-ring-builder", ring, "rebalance");
  const settings = {
    DEFAULT: {
      ...common(folder, port),
      devices: join(folder, "disks"),
      mount_check: "false",
      disable_fallocate: "true",
    },
    "pipeline:main": { pipeline: `${name}-server` },
    [`app:${name}-server`]: { use: `egg:swift#${name}` },
  };
  await startServer(daemons, name, settings, port);
}

type Settings = Parameters<typeof ini>[0];

async function startServer(
  { folder, start }: Daemons,
  name: string,
  settings: Settings,
  port: number,
  log = name,
): Promise<void> {
  const conf = join(folder, `${log}.conf`);
  await writeFile(conf, ini(settings));
  await start(log, [`swift-${name}-server`, conf], () => answers(port));
}

function common(folder: string, port: number): Settings[string] {
  return {
    bind_ip: "127.0.0.1",
    bind_port: port,
    workers: 0,
    user: process.getuid?.() === 0 ? "root" : (process.env["USER"] ?? "nobody"),
    swift_dir: join(folder, "rings"),
    log_address: "",
  };
}

interface Proxy {
  readonly folder: string;
  readonly cachePort: number;
  readonly secretAccessKey: string;
  readonly tls?: Certificate | undefined;
}

/** @see https://docs.openstack.org/swift/latest/middleware.html for what each filter does */
function proxySettings({ folder, cachePort, secretAccessKey, tls }: Proxy, port: number): Settings {
  const filters: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    catch_errors: {},
    gatekeeper: {},
    cache: { use: "egg:swift#memcache", memcache_servers: `127.0.0.1:${cachePort}` },
    listing_formats: {},
    s3api: {
      location: "us-east-1",
      s3_acl: "false",
      min_segment_size: "5242880",
      check_bucket_owner: "false",
    },
    tempauth: { user_test_tester: `${secretAccessKey} .admin` },
    bulk: {},
    slo: {},
    dlo: {},
    versioned_writes: { allow_versioned_writes: "true", allow_object_versioning: "true" },
    symlink: {},
  };
  const sections = Object.entries(filters).map(([name, values]) => [
    `filter:${name}`,
    { use: `egg:swift#${name}`, ...values },
  ]);
  return {
    DEFAULT: { ...common(folder, port), ...(tls && { cert_file: tls.certificate, key_file: tls.key }) },
    "pipeline:main": { pipeline: [...Object.keys(filters), "proxy-server"].join(" ") },
    ...(Object.fromEntries(sections) as Settings),
    "app:proxy-server": {
      use: "egg:swift#proxy",
      allow_account_management: "true",
      account_autocreate: "true",
    },
  };
}
