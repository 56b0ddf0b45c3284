// A film in a page: whoever watches it jumps to a place that is not loaded yet.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  createStorage,
  fromFile,
  memoryJournal,
  mirror,
  StorageError,
  type StorageProvider,
} from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { createHandler, toNodeListener, type ServeOptions } from "@stowage/http";
import { local } from "@stowage/local";
import type { Page } from "playwright-core";
import type { Site } from "./site.js";
import { listen } from "../http-tests/serving.js";
import { install } from "../s3-servers/debian.js";

const FFMPEG = { title: "ffmpeg", programs: ["ffmpeg"], packages: ["ffmpeg"] };
const SECONDS = 60;
const PLACE_SECONDS = 50;
const KEY = "films/one.mp4";

const execute = promisify(execFile);

/** Makes a film of a minute, about 30 MB, once. */
export async function filmIn(folder: string): Promise<string> {
  const path = join(folder, "test-pattern.mp4");
  if (existsSync(path)) return path;
  await install(FFMPEG);
  const pattern = ["-f", "lavfi", "-i", `testsrc2=size=640x360:rate=25:duration=${SECONDS}`];
  const video = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-b:v",
    "4M",
    "-minrate",
    "4M",
    "-maxrate",
    "4M",
    "-bufsize",
    "4M",
  ];
  const form = ["-nal-hrd", "cbr", "-pix_fmt", "yuv420p", "-movflags", "+faststart"];
  await execute("ffmpeg", ["-v", "error", ...pattern, ...video, ...form, path]);
  return path;
}

/** Watches a film from a local disk. */
export async function watchFromDisk(site: Site): Promise<void> {
  const asked = await watch(site, local({ root: join(site.folder, "disk"), create: true }), {
    mode: "stream",
  });
  assert.ok(
    asked.some(({ range }) => startOf(range) > 0),
    "the page has asked for a later part",
  );
}

/** Watches a film that the handler redirects to a bucket. */
export async function watchFromBucket(site: Site): Promise<void> {
  const asked = await watch(site, site.bucket, { mode: "redirect" });
  // The browser remembers where it was sent, and asks the bucket for the later part.
  assert.ok(
    asked.every(({ status }) => status === 302),
    "every request is redirected",
  );
}

/** Watches a film from a mirror whose first member dies while it plays. */
export async function watchFromMirror(site: Site): Promise<void> {
  const { folder } = site;
  let isDead = false;
  const first = intercept(local({ name: "first", root: join(folder, "first"), create: true }), {
    type: "mortal",
    around: async ({ operation, key }, next) => {
      if (!isDead) return await next();
      throw new StorageError("Unavailable", "it is dead", { operation, key, provider: "first" });
    },
  });
  const second = local({ name: "second", root: join(folder, "second"), create: true });
  const provider = mirror([first, second], { journal: memoryJournal() });
  await watch(site, provider, { mode: "stream" }, () => void (isDead = true));
}

interface Asked {
  readonly status: number;
  readonly range: string | undefined;
}

/** Plays the film, jumps, and plays on. @returns What the page has asked the handler for. */
async function watch(
  { page, folder }: Site,
  provider: StorageProvider,
  serve: ServeOptions,
  meanwhile: () => void = () => {},
): Promise<readonly Asked[]> {
  const storage = createStorage(provider);
  await storage.put(KEY, fromFile(await filmIn(folder)));
  const files = toNodeListener(createHandler(storage, { basePath: "/files", authorize: () => true, serve }));
  const asked: Asked[] = [];
  const { url, close } = await listen((request, response) => {
    if (request.url === "/") return response.setHeader("content-type", "text/html").end(pageOf(KEY));
    const isFilm = request.url?.startsWith("/files/") === true;
    response.once(
      "close",
      () => isFilm && asked.push({ status: response.statusCode, range: request.headers.range }),
    );
    return void files(request, response);
  });
  try {
    await page.goto(url);
    await played(page, 1);
    meanwhile();
    const loaded = await page.evaluate<number>("film.buffered.end(film.buffered.length - 1)");
    assert.ok(loaded < PLACE_SECONDS, `${loaded} seconds are loaded already`);
    await page.evaluate(`film.currentTime = ${PLACE_SECONDS}`);
    await played(page, PLACE_SECONDS + 1);
    assert.equal(await page.evaluate("film.error"), null);
  } finally {
    await page.goto("about:blank");
    await close();
  }
  return asked;
}

function pageOf(key: string): string {
  return `<!doctype html><title>film</title><video id="film" src="/files/${key}" muted autoplay controls></video>`;
}

/** Waits until a film has played on, from wherever it is, to a place. */
export async function played(page: Page, seconds: number): Promise<void> {
  await page.waitForFunction(`film.error !== null || (!film.seeking && film.currentTime >= ${seconds})`);
  assert.equal(await page.evaluate("film.error && film.error.message"), null);
}

function startOf(range: string | undefined): number {
  return Number(/^bytes=(?<start>\d+)-/.exec(range ?? "")?.groups?.["start"] ?? 0);
}
