// What others' programs make of what the S3 adapter has written, and the other way round.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { install } from "../s3-servers/debian.js";
import { MIB, digestAt, digestOf, digestOfFile, patterned } from "./contents.js";
import type { Real, RealTest } from "./real.js";

const execute = promisify(execFile);

/** Keys that somebody gets wrong. */
const KEYS = [
  "plain.txt",
  "dir/a b.txt",
  "dir/a+b.txt",
  "a%20b.txt",
  "100%.txt",
  "ü/é.txt",
  "e\u0301.txt",
  "emoji/😀.txt",
  "quotes/&<>\"'.txt",
  "hash#?q=1&r=2.txt",
  "semi;colon:at@,$.txt",
  "brackets[]{}()!*~.txt",
  "日本語/ファイル.txt",
  "-dash.txt",
  `long/${"n".repeat(200)}.txt`,
];

const LARGE_KEY = "large/20 MiB.bin";

interface Client {
  readonly title: string;
  readonly get: (real: Real, key: string, path: string) => Promise<unknown>;
  readonly put: (real: Real, path: string, key: string) => Promise<unknown>;
}

/** Debian's, whatever else of that name the machine has. */
const AWS: Client = {
  title: "aws s3 cp",
  get: (real, key, path) => aws(real, "cp", "--only-show-errors", `s3://${real.bucket}/${key}`, path),
  put: (real, path, key) => aws(real, "cp", "--only-show-errors", path, `s3://${real.bucket}/${key}`),
};

async function aws({ server }: Real, ...args: readonly string[]): Promise<void> {
  const { accessKeyId, secretAccessKey } = server.credentials;
  const env = {
    PATH: "/usr/bin:/bin",
    HOME: "/nonexistent",
    LC_ALL: "C.UTF-8",
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: "us-east-1",
  };
  await execute("/usr/bin/aws", ["--endpoint-url", server.endpoint, "s3", ...args], { env });
}

const S3CMD: Client = {
  title: "s3cmd",
  get: async (real, key, path) => s3cmd(real, "get", "--force", `s3://${real.bucket}/${key}`, path),
  put: async (real, path, key) => s3cmd(real, "put", path, `s3://${real.bucket}/${key}`),
};

async function s3cmd({ server, folder }: Real, ...args: readonly string[]): Promise<void> {
  const { host } = new URL(server.endpoint);
  const { accessKeyId, secretAccessKey } = server.credentials;
  const config = join(folder, "s3cmd.ini");
  const settings = {
    access_key: accessKeyId,
    secret_key: secretAccessKey,
    host_base: host,
    // The bucket stays in the path.
    host_bucket: host,
    use_https: "False",
    bucket_location: "us-east-1",
    encoding: "UTF-8",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(config, `[default]\n${lines.join("")}`);
  await execute("/usr/bin/s3cmd", ["-c", config, "--quiet", ...args], {
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8" },
  });
}

function reads({ title, get }: Client): RealTest {
  return {
    title: `${title} reads what was put, under every awkward key, with equal digests`,
    run: async (real) => {
      await installClients();
      const path = join(real.folder, "file");
      for (const key of KEYS) {
        const text = `content of ${key}`;
        await real.storage().put(key, text);
        await get(real, key, path);
        assert.equal(await readFile(path, "utf8"), text, key);
      }
      const large = patterned(20 * MIB);
      await real.storage().put(LARGE_KEY, large);
      await get(real, LARGE_KEY, path);
      assert.equal(await digestOfFile(path), digestOf(large));
    },
  };
}

function writes({ title, put }: Client): RealTest {
  return {
    title: `what ${title} writes is read and listed, under every awkward key, with equal digests`,
    run: async (real) => {
      await installClients();
      const path = join(real.folder, "file.txt");
      for (const key of KEYS) {
        const text = `content of ${key}`;
        await writeFile(path, text);
        await put(real, path, key);
        assert.equal(await (await real.storage().get(key)).text(), text, key);
      }
      const large = patterned(20 * MIB);
      await writeFile(path, large);
      await put(real, path, LARGE_KEY);
      assert.equal(await digestAt(real.storage(), LARGE_KEY), digestOf(large));
      const listed: string[] = [];
      for await (const { key } of real.storage().list()) listed.push(key);
      const sorted = [...KEYS, LARGE_KEY].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(listed, sorted);
    },
  };
}

async function installClients(): Promise<void> {
  await install({
    title: "Debian's S3 clients",
    programs: ["/usr/bin/aws", "/usr/bin/s3cmd"],
    packages: ["awscli", "s3cmd"],
  });
}

export const CLIENTS: readonly RealTest[] = [AWS, S3CMD].flatMap((client) => [reads(client), writes(client)]);
