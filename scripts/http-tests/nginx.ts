// The rules of HTTP on Debian's nginx: the suite has to be right about servers that are not ours.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runHttpRules } from "@stowage/conformance/http";
import { install } from "../s3-servers/debian.js";

const NGINX = { title: "nginx", programs: ["nginx"], packages: ["nginx-light"] };
const START_MS_MAX = 20_000;
const LOOK_MS = 50;

/** The titles of the rules, and whether nginx keeps each. */
export type Kept = readonly (readonly [title: string, isKept: boolean, reason: string])[];

/** Starts nginx on a folder, and runs the rules on it. */
export async function runOnNginx(): Promise<Kept> {
  await install(NGINX);
  const folder = await mkdtemp(join(tmpdir(), "stowage-nginx-"));
  const port = await freePort();
  const root = join(folder, "files");
  await mkdir(root);
  await writeFile(join(folder, "nginx.conf"), configuration(folder, port));
  const nginx = spawn(
    "nginx",
    ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")],
    {
      stdio: "ignore",
    },
  );
  const ended = once(nginx, "exit");
  try {
    await untilListening(port);
    const { outcomes } = await runHttpRules(() => ({
      put: async (name, bytes) => {
        await writeFile(join(root, name), bytes);
        return `http://127.0.0.1:${port}/files/${name}`;
      },
    }));
    return outcomes
      .filter(({ status }) => status !== "skipped")
      .map((outcome) => [
        outcome.title,
        outcome.status === "passed",
        outcome.status === "failed" ? String(outcome.error) : "",
      ]);
  } finally {
    nginx.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

function configuration(folder: string, port: number): string {
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  include /etc/nginx/mime.types;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    root ${folder};
  }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function untilListening(port: number): Promise<void> {
  const end = performance.now() + START_MS_MAX;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer !== undefined) return;
    if (performance.now() > end) throw new Error("nginx has not started");
    await delay(LOOK_MS);
  }
}
