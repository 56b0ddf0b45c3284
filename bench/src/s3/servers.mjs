/** The servers of the benchmark, each in a process of its own. */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What one connection to a real bucket is like, some 30 ms away. */
const MODELLED = { latencyMs: 25, bytesPerSecond: 90 * 1024 * 1024 };

const repository = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * @returns by name `{ endpoint, credentials }`, and `stop`; without Ceph where it cannot be started.
 */
export async function startServers(folder) {
  const starting = starter();
  const ceph = await starting.start(
    path.join(repository, "node_modules/.bin/tsx"),
    "scripts/s3-servers/serve-ceph.ts",
  );
  const servers = {
    sink: await sink(starting, {}),
    tls: await sink(starting, { tls: certificateIn(folder) }),
    modelled: await sink(starting, MODELLED),
    ...(ceph !== undefined && { ceph: JSON.parse(ceph) }),
  };
  return { servers, stop: starting.stop };
}

/** Only the server of this folder. @returns `{ server, stop }` */
export async function startSink() {
  const starting = starter();
  return { server: await sink(starting, {}), stop: starting.stop };
}

function starter() {
  const running = [];
  process.once("exit", () => running.forEach((child) => child.kill()));
  return {
    start: async (command, ...args) => {
      const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], cwd: repository });
      running.push(child);
      for await (const line of createInterface(child.stdout)) return line;
      return undefined;
    },
    stop: () => running.forEach((child) => child.stdin.end()),
  };
}

async function sink({ start }, options) {
  const program = fileURLToPath(new URL("sink.mjs", import.meta.url));
  const endpoint = await start(process.execPath, program, JSON.stringify(options));
  return { endpoint, credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" } };
}

function certificateIn(folder) {
  const key = path.join(folder, "key.pem");
  const cert = path.join(folder, "cert.pem");
  const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const { status } = spawnSync("openssl", [
    "req",
    "-x509",
    ...algorithm,
    ...subject,
    "-keyout",
    key,
    "-out",
    cert,
  ]);
  if (status !== 0) throw new Error("openssl could not make a certificate");
  return { key, cert };
}
