// Pages in Debian's Chromium, against Ceph; both are installed when they are missing. Words of titles choose some of the tests.
import { ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import { createStorage, type FileStorage } from "@stowage/core";
import { s3 } from "@stowage/s3";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { startExample } from "../examples/direct-upload/src/start-example.js";
import { PAGE_TESTS } from "./browser-tests/pages.js";
import type { Site } from "./browser-tests/site.js";
import { uploadByUppy } from "./browser-tests/uppy.js";
import { watchFromBucket, watchFromDisk, watchFromMirror } from "./browser-tests/videos.js";
import { startCeph } from "./s3-servers/ceph.js";
import { install } from "./s3-servers/debian.js";
import { bucketVariables } from "./s3-servers/server.js";
import { MIB, digestAt, digestOf, patterned } from "./s3-tests/contents.js";
import { untilAsync } from "./s3-tests/outcomes.js";
import { createTally } from "./s3-tests/tally.js";

const CHROMIUM = { title: "Chromium", programs: ["chromium"], packages: ["chromium"] };
const BUCKET = "browser";
const LARGE_BYTES = 200 * MIB;
const PART_BYTES = 8 * MIB;
const WAIT_MS = 120_000;

/** Where pictures of the pages go, when somebody wants to look at them. */
const PICTURES = process.env["STOWAGE_PICTURES"];

/** A page of the example, and what is behind it. */
interface Opened {
  readonly page: Page;
  readonly files: FileStorage;
  readonly folder: string;
  readonly uploadsLeft: () => Promise<number>;
  readonly picture: (name: string) => Promise<void>;
}

const tally = createTally();

async function run(): Promise<void> {
  await install(CHROMIUM);
  const server = await startCeph();
  const folder = await mkdtemp(join(tmpdir(), "stowage-browser-"));
  const { endpoint, credentials } = server;
  Object.assign(process.env, await bucketVariables(server, BUCKET));
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const files = createStorage(s3({ bucket: BUCKET, endpoint, credentials, dialect: "ceph" }));
  const example = await startExample(process.env);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 800, height: 600 } });
    page.setDefaultTimeout(WAIT_MS);
    const uploadsLeft = async (): Promise<number> => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
      return Uploads.length;
    };
    const picture = async (name: string): Promise<void> => await keepPicture(page, name);
    console.log(`\n${server.title} and Chromium ${browser.version()}`);
    for (const [title, test] of chosen(TESTS)) {
      await page.goto(example.url);
      await tally.test(title, () => test({ page, files, folder, uploadsLeft, picture }));
      await page.unrouteAll({ behavior: "ignoreErrors" });
    }
    const bucket = s3({ bucket: BUCKET, endpoint, credentials, dialect: "ceph" });
    for (const [title, test] of chosen(HTTP_TESTS)) {
      await tally.test(title, () => test({ page, folder, bucket }));
    }
    for (const [title, test] of chosen(PAGE_TESTS)) {
      await tally.test(title, () => test({ browser, folder, picture: keepPicture }));
    }
  } finally {
    await browser.close();
    await example.stop();
    await files.close();
    client.destroy();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function keepPicture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

const TESTS: readonly (readonly [title: string, test: (opened: Opened) => Promise<void>])[] = [
  ["a small file goes in one signed PUT, and its link gives it back", uploadsSmall],
  [
    "200 MiB go in parts: a part that fails is sent again, a reloaded page goes on, and nothing is left",
    uploadsLarge,
  ],
  ["an upload that is cancelled leaves nothing", cancels],
  ["a file that the server does not want is refused in words", refuses],
];

const HTTP_TESTS: readonly (readonly [title: string, test: (site: Site) => Promise<void>])[] = [
  ["Uppy sends a small file and 200 MiB in parts, by one string of its page", uploadByUppy],
  ["a film jumps to a place that is not loaded: from a local disk", watchFromDisk],
  ["a film jumps to a place that is not loaded: from a bucket, by redirects", watchFromBucket],
  ["a film jumps to a place that is not loaded: from a mirror whose member dies meanwhile", watchFromMirror],
];

/** Returns the tests whose titles have the words that were given, or all. */
function chosen<Test>(tests: readonly (readonly [title: string, test: Test])[]): typeof tests {
  const words = process.argv.slice(2);
  return words.length === 0 ? tests : tests.filter(([title]) => words.some((word) => title.includes(word)));
}

async function uploadsSmall({ page, files, folder, picture }: Opened): Promise<void> {
  const path = join(folder, "Größe 1.txt");
  await writeFile(path, "hello");
  await picture("empty");
  await choose(page, path);
  await page.click("#start");
  await said(page, "is uploaded");
  await picture("small");
  const href = (await page.getAttribute("#done a", "href")) ?? "";
  const answer = await fetch(href);
  assert.deepEqual([answer.headers.get("content-type"), await answer.text()], ["text/plain", "hello"]);
  const keys = await keysOf(files);
  assert.equal(keys.length, 1);
  assert.match(keys[0] ?? "", /\/Größe 1\.txt$/);
}

async function uploadsLarge({ page, files, folder, uploadsLeft, picture }: Opened): Promise<void> {
  const content = patterned(LARGE_BYTES);
  const path = join(folder, "video.mp4");
  await writeFile(path, content);
  let failed = 0;
  const sent: number[] = [];
  await page.route(/partNumber=/, async (route, request) => {
    if (request.method() !== "PUT") return await route.continue();
    const number = Number(new URL(request.url()).searchParams.get("partNumber"));
    sent.push(number);
    if (number === 3 && failed++ === 0) return await route.abort("connectionreset");
    // In the middle it waits for the page to be reloaded.
    if (number > 14 && !isReloaded) return;
    await route.continue();
  });
  let isReloaded = false;
  await choose(page, path);
  await page.click("#start");
  // All parts but those that wait, and the third sent twice.
  await untilAsync(
    async () =>
      (await page.evaluate<number>("document.getElementById('bar').value")) >=
      (14 * PART_BYTES) / LARGE_BYTES,
    () => `only parts ${sent.join(", ")} have been sent`,
    WAIT_MS,
  );
  await picture("half");
  assert.equal(sent.filter((number) => number === 3).length, 2);
  await page.reload();
  // Only now: a part that the old page begins at the last moment does not get through.
  isReloaded = true;
  sent.length = 0;
  await choose(page, path);
  await page.click("#start");
  await said(page, "is uploaded");
  await picture("large");
  assert.ok(Math.min(...sent) > 14, `parts ${sent.join(", ")} were sent again`);
  assert.equal(sent.length, LARGE_BYTES / PART_BYTES - 14);
  const key = (await keysOf(files)).find((name) => name.endsWith("video.mp4")) ?? "";
  assert.equal(await digestAt(files, key), digestOf(content));
  assert.equal((await files.head(key)).contentType, "video/mp4");
  assert.equal(await uploadsLeft(), 0);
}

async function cancels({ page, files, folder, uploadsLeft, picture }: Opened): Promise<void> {
  const path = join(folder, "cancelled.bin");
  await writeFile(path, patterned(40 * MIB));
  // The first part arrives, and the others do not.
  await page.route(/partNumber=(?!1&)/, async (route, request) => {
    if (request.method() !== "PUT") await route.continue();
  });
  await choose(page, path);
  await page.click("#start");
  await said(page, "8.0 of 40 MiB");
  assert.equal(await uploadsLeft(), 1);
  await page.click("#cancel");
  await said(page, "Cancelled");
  await picture("cancelled");
  assert.equal(await uploadsLeft(), 0);
  assert.ok(!(await keysOf(files)).some((key) => key.endsWith("cancelled.bin")));
}

async function refuses({ page, picture }: Opened): Promise<void> {
  const path = { name: "a.bin", mimeType: "", buffer: Buffer.from("x") };
  await page.route("**/uploads", async (route) => {
    await route.continue({ postData: JSON.stringify({ name: "a.bin", type: "", size: 2 ** 40 }) });
  });
  await page.setInputFiles("#file", path);
  await page.click("#start");
  await said(page, "larger than 1024 MiB");
  await picture("refused");
}

async function choose(page: Page, path: string): Promise<void> {
  await page.setInputFiles("#file", path);
}

async function said(page: Page, words: string): Promise<void> {
  const status = page.locator("#status");
  await status.filter({ hasText: words }).waitFor();
}

async function keysOf(files: FileStorage): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of files.list()) keys.push(key);
  return keys;
}

try {
  await run();
  console.log(tally.closingLine());
  process.exitCode = tally.hasFailures() ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
