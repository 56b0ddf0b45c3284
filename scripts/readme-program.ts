// The first program of the README, as a newcomer runs it: in an empty folder with the packages that the README installs, twice, and
// once more while nothing answers in place of the bucket.
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installPackages } from "./installed-packages.js";
import { freePorts } from "./s3-servers/daemons.js";

/** The bucket that the program names. */
export const README_BUCKET = "my-uploads";

const README = new URL("../README.md", import.meta.url);
const LINES_MAX = 12;
const TIME_MS = 60_000;

type Variables = Readonly<Record<string, string>>;

/** Runs the program three times, and looks for each file at the place that the program prints. */
export async function runReadme(bucket: Variables, home: string): Promise<void> {
  const { program, packages } = await readReadme();
  assert.ok(program.split("\n").length <= LINES_MAX, `the program has more than ${LINES_MAX} lines`);
  const folder = join(home, "app");
  await installPackages(folder, packages);
  await writeFile(join(folder, "upload.mjs"), program);

  const { AWS_S3_BUCKET: _, ...variables } = bucket;
  const first = await run(folder, variables);
  const second = await run(folder, variables);
  assert.notEqual(first, second);
  const stored = [first, second].toSorted();
  assert.deepEqual(await refsIn(bucket), stored);
  assert.deepEqual(await filesIn(join(folder, "files")), []);

  const [port] = await freePorts(1);
  const third = await run(folder, { ...variables, AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}` });
  assert.equal(await readFile(fileURLToPath(third), "utf8"), "hello");
  assert.deepEqual(await filesIn(join(folder, "files")), [fileURLToPath(third)]);
  assert.deepEqual(await refsIn(bucket), stored);
}

/** Returns the first program of the README, and the packages of the command before it. */
async function readReadme(): Promise<{ readonly program: string; readonly packages: readonly string[] }> {
  const text = await readFile(README, "utf8");
  const program = /^```ts\n(.*?)\n```$/ms.exec(text)?.[1];
  const command = /^npm install (.+)$/m.exec(text)?.[1];
  assert.ok(program !== undefined && command !== undefined);
  return { program, packages: command.split(" ").map((name) => name.replace("@stowage/", "")) };
}

/** Runs the program with the variables that a newcomer sets. @returns The ref that it prints. */
async function run(folder: string, variables: Variables): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["upload.mjs"], {
    cwd: folder,
    env: { HOME: folder, ...variables },
    timeout: TIME_MS,
  });
  const ref = /\b(?:s3|file):\/\/\S+/.exec(stdout)?.[0];
  assert.ok(ref !== undefined, `the program does not say where the file is: ${stdout}`);
  return ref;
}

/** Lists the bucket. @returns Refs, sorted. */
async function refsIn(bucket: Variables): Promise<readonly string[]> {
  const client = new S3Client({
    endpoint: bucket["AWS_ENDPOINT_URL_S3"] ?? "",
    region: "us-east-1",
    forcePathStyle: true,
    credentials: {
      accessKeyId: bucket["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: bucket["AWS_SECRET_ACCESS_KEY"] ?? "",
    },
  });
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: README_BUCKET }));
  client.destroy();
  return Contents.map(({ Key }) => `s3://${README_BUCKET}/${Key}`).toSorted();
}

/** Lists the uploaded files of a folder, without what the folder keeps about them. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes("/.stowage/"));
}
