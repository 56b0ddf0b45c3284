// Uppy as it is published, in a page that sets one string.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createStorage, type FileStorage } from "@stowage/core";
import { createUploadHandler, toNodeListener } from "@stowage/http";
import { setCors } from "@stowage/s3/setup";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import type { Site } from "./site.js";
import { listen } from "../http-tests/serving.js";
import { MIB, digestAt, digestOf, patterned } from "../s3-tests/contents.js";

const LARGE_BYTES = 200 * MIB;
const MAX_BYTES = 500 * MIB;
const SMALL_BYTES = 300_000;

const PAGE = fileURLToPath(new URL("uppy-page.mjs", import.meta.url));
const HTML = `<!doctype html><title>ready</title><input id="file" type="file"><script type="module" src="/page.js"></script>`;

/** Uploads a small and a large file by Uppy to a bucket. */
export async function uploadByUppy({ page, bucket: provider, folder }: Site): Promise<void> {
  const storage = createStorage(provider);
  const uploads = toNodeListener(
    createUploadHandler(storage, {
      basePath: "/uploads",
      authorize: (_, { key }) => key.startsWith("by-uppy/"),
      key: ({ fileName }) => `by-uppy/${randomUUID()}/${fileName}`,
      maxBytes: MAX_BYTES,
      types: ["video/*", "text/plain"],
      keys: [{ id: "test", secret: randomUUID() }],
    }),
  );
  const script = await bundledPage();
  const { url, close } = await listen((request, response) => {
    if (request.url === "/") response.setHeader("content-type", "text/html").end(HTML);
    else if (request.url === "/page.js") response.setHeader("content-type", "text/javascript").end(script);
    else void uploads(request, response);
  });
  try {
    await setCors(provider, { origins: [url] });
    await uploadOne(page, url, storage, await fileOf(folder, "Größe 1.txt", SMALL_BYTES), "text/plain");
    await uploadOne(page, url, storage, await fileOf(folder, "film.mp4", LARGE_BYTES), "video/mp4");
    const refused = await upload(page, url, (await fileOf(folder, "page.html", 100)).path);
    assert.match(refused, /^failed/);
  } finally {
    await close();
  }
}

interface TestFile {
  readonly name: string;
  readonly path: string;
  readonly content: Buffer;
}

async function fileOf(folder: string, name: string, bytes: number): Promise<TestFile> {
  const content = patterned(bytes);
  const path = join(folder, name);
  await writeFile(path, content);
  return { name, path, content };
}

async function uploadOne(
  page: Page,
  url: string,
  storage: FileStorage,
  { name, path, content }: TestFile,
  contentType: string,
): Promise<void> {
  const key = await upload(page, url, path);
  assert.match(key, /^by-uppy\/[0-9a-f-]{36}\//);
  assert.ok(key.endsWith(`/${name}`), `the key is ${key}`);
  assert.equal(await digestAt(storage, key), digestOf(content));
  assert.equal((await storage.head(key)).contentType, contentType);
}

/** @returns The key that the page was told, or why it failed. */
async function upload(page: Page, url: string, path: string): Promise<string> {
  await page.goto(url);
  await page.setInputFiles("#file", path);
  await page.waitForFunction("document.title !== 'ready'");
  return await page.title();
}

async function bundledPage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [PAGE],
    bundle: true,
    write: false,
    format: "esm",
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
