// What others' programs make of what the S3 adapter has written, and the other way round.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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

/** Another program, which moves whole folders. */
interface Client {
  readonly title: string;
  readonly download: (real: Real, folder: string) => Promise<void>;
  readonly upload: (real: Real, folder: string) => Promise<void>;
}

/** Debian's, whatever else of that name the machine has. */
const AWS: Client = {
  title: "aws s3 cp",
  download: (real, folder) => aws(real, `s3://${real.bucket}/`, folder),
  upload: (real, folder) => aws(real, folder, `s3://${real.bucket}/`),
};

async function aws({ server }: Real, from: string, to: string): Promise<void> {
  const { accessKeyId, secretAccessKey } = server.credentials;
  const env = {
    PATH: "/usr/bin:/bin",
    HOME: "/nonexistent",
    LC_ALL: "C.UTF-8",
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: "us-east-1",
  };
  const copy = ["s3", "cp", "--only-show-errors", "--recursive", from, to];
  await execute("/usr/bin/aws", ["--endpoint-url", server.endpoint, ...copy], { env });
}

const S3CMD: Client = {
  title: "s3cmd",
  download: (real, folder) => s3cmd(real, "get", `s3://${real.bucket}/`, `${folder}/`),
  upload: (real, folder) => s3cmd(real, "put", `${folder}/`, `s3://${real.bucket}/`),
};

async function s3cmd({ server, folder }: Real, ...command: readonly string[]): Promise<void> {
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
  await execute("/usr/bin/s3cmd", ["-c", config, "--quiet", "--recursive", ...command], {
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8" },
  });
}

/** A small object under every key, and one of several parts. */
const CONTENTS: ReadonlyMap<string, Buffer> = new Map([
  ...KEYS.map((key) => [key, Buffer.from(`content of ${key}`)] as const),
  [LARGE_KEY, patterned(20 * MIB)],
]);

function reads({ title, download }: Client): RealTest {
  return {
    title: `${title} reads what was put, under every awkward key, with equal digests`,
    run: async (real) => {
      await installClients();
      for (const [key, content] of CONTENTS) await real.storage().put(key, content);
      const folder = join(real.folder, "files");
      await mkdir(folder);
      await download(real, folder);
      for (const [key, content] of CONTENTS) {
        assert.equal(await digestOfFile(join(folder, key)), digestOf(content), key);
      }
    },
  };
}

function writes({ title, upload }: Client): RealTest {
  return {
    title: `what ${title} writes is read and listed, under every awkward key, with equal digests`,
    run: async (real) => {
      await installClients();
      const folder = join(real.folder, "files");
      for (const [key, content] of CONTENTS) {
        await mkdir(dirname(join(folder, key)), { recursive: true });
        await writeFile(join(folder, key), content);
      }
      await upload(real, folder);
      for (const [key, content] of CONTENTS) {
        assert.equal(await digestAt(real.storage(), key), digestOf(content), key);
      }
      const listed: string[] = [];
      for await (const { key } of real.storage().list()) listed.push(key);
      const sorted = [...CONTENTS.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
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
