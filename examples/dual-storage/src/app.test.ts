import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorageError, type StorageProvider } from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { signed } from "@stowage/http";
import { local } from "@stowage/local";
import type { FastifyInstance } from "fastify";
import type { Environment } from "stowage";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp } from "./app.js";

const KEYS = [{ id: "test", secret: "a secret of at least 32 bytes, for tests" }] as const;
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
/** What programs take for an MP4: its first box. */
const FILM = Buffer.concat([
  Buffer.from("000000186674797069736f6d0000020069736f6d61766331", "hex"),
  Buffer.alloc(200_000, 7),
]);
const WITH_S3 = { USE_S3: "true", AWS_S3_BUCKET: "videos", AWS_REGION: "eu-central-1" };

let home: string;
let app: FastifyInstance | undefined;
let url: string;
/** How the bucket fails. */
let fault: "none" | "down" | "hangs" = "none";

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stowage-dual-"));
  fault = "none";
  for (const level of ["log", "info", "warn", "error", "debug"] as const)
    vi.spyOn(console, level).mockReturnValue();
});

afterEach(async () => {
  fault = "none";
  await app?.close();
  app = undefined;
  vi.restoreAllMocks();
  await rm(home, { recursive: true, force: true });
});

/** A folder stands for the bucket. */
function bucket(): StorageProvider {
  const folder = local({ name: "s3", root: join(home, "bucket"), create: true });
  return intercept(signed(folder, { baseUrl: "https://bucket.example.com", keys: KEYS }), {
    type: "mortal",
    around: async ({ operation, key, options: { signal } }, next) => {
      if (fault === "none") return await next();
      if (fault === "down")
        throw new StorageError("Unavailable", "it is down", { operation, key, provider: "s3" });
      return await new Promise((_, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason as Error)),
      );
    },
  });
}

async function start(env: Environment): Promise<void> {
  await app?.close();
  app = await createApp(
    { STORAGE_DIR: join(home, "uploads"), ...env },
    {
      wrap: (provider) => (provider.name === "s3" ? bucket() : provider),
      composer: { graceMs: 100, settleMs: 200, keepDeletesMs: 0, askMs: 300 },
    },
  );
  url = await app.listen({ port: 0, host: "127.0.0.1" });
}

async function upload(): Promise<string> {
  const form = new FormData();
  form.append("video", new Blob([FILM], { type: "video/mp4" }), "film.mp4");
  form.append("thumbnail", new Blob([PNG], { type: "image/png" }), "film.png");
  const response = await fetch(`${url}/videos`, { method: "POST", body: form });
  expect(response.status).toBe(201);
  return ((await response.json()) as { readonly id: string }).id;
}

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${url}${path}`, { redirect: "manual", headers });
}

async function inBucket(key: string): Promise<boolean> {
  return await local({ name: "s3", root: join(home, "bucket") })
    .head(key, {})
    .then(
      () => true,
      () => false,
    );
}

async function redirected(path: string): Promise<void> {
  await vi.waitFor(async () => expect((await get(path)).status).toBe(302), {
    timeout: 20_000,
    interval: 100,
  });
  expect((await get(path)).headers.get("location")).toMatch(/^https:\/\/bucket\.example\.com\//);
}

describe("dual storage of videos and thumbnails", () => {
  it("stores on the disk when there is no bucket, and plays from there", async () => {
    await start({ USE_S3: "false" });
    const id = await upload();
    const response = await get(`/videos/${id}`, { range: "bytes=100-199" });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-type")).toBe("video/mp4");
    expect(Buffer.from(await response.arrayBuffer()).equals(FILM.subarray(100, 200))).toBe(true);
    expect((await get(`/thumbnails/${id}`)).headers.get("content-type")).toBe("image/png");
    expect((await get("/videos/missing")).status).toBe(404);
  });

  it("brings everything to a bucket that is added later, and redirects to it", async () => {
    await start({ USE_S3: "false" });
    const id = await upload();
    await start(WITH_S3);
    await redirected(`/videos/${id}`);
    await redirected(`/thumbnails/${id}`);
    expect(await inBucket(`videos/${id}`)).toBe(true);
  });

  it("goes on while the bucket is switched off, and catches up when it is on again", async () => {
    await start(WITH_S3);
    const [old, deleted] = [await upload(), await upload()];
    await redirected(`/videos/${old}`);
    await redirected(`/videos/${deleted}`);
    await start({ ...WITH_S3, USE_S3: "false" });
    const id = await upload();
    expect((await get(`/videos/${id}`)).status).toBe(200);
    expect((await fetch(`${url}/videos/${deleted}`, { method: "DELETE" })).status).toBe(204);
    expect((await get(`/videos/${deleted}`)).status).toBe(404);
    await start(WITH_S3);
    await redirected(`/videos/${id}`);
    expect((await get(`/videos/${deleted}`)).status).toBe(404);
    await vi.waitFor(async () => expect(await inBucket(`videos/${deleted}`)).toBe(false), {
      timeout: 20_000,
    });
  });

  it.each(["down", "hangs"] as const)("serves from the disk while the bucket is %s", async (how) => {
    await start(WITH_S3);
    const id = await upload();
    await redirected(`/videos/${id}`);
    fault = how;
    const response = await get(`/videos/${id}`);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(FILM)).toBe(true);
    expect((await get(`/videos/${await upload()}`)).status).toBe(200);
    expect((await get("/readyz")).status).toBe(200);
  });

  it("replaces a thumbnail in both places", async () => {
    await start(WITH_S3);
    const id = await upload();
    const changed = Buffer.concat([PNG, Buffer.from("more")]);
    const headers = { "content-type": "image/png" };
    const response = await fetch(`${url}/thumbnails/${id}`, { method: "PUT", body: changed, headers });
    expect(response.status).toBe(201);
    await redirected(`/thumbnails/${id}`);
    fault = "down";
    const served = await get(`/thumbnails/${id}`);
    expect(Buffer.from(await served.arrayBuffer()).equals(changed)).toBe(true);
  });

  it("refuses what is no video, and stores nothing of it", async () => {
    await start({ USE_S3: "false" });
    const form = new FormData();
    form.append("video", new Blob(["<script>"], { type: "text/html" }), "film.mp4");
    const response = await fetch(`${url}/videos`, { method: "POST", body: form });
    expect(response.status).toBe(415);
    expect(await response.text()).not.toContain("script");
  });

  it("counts for Prometheus", async () => {
    await start({ USE_S3: "false" });
    await upload();
    expect(await (await get("/metrics")).text()).toContain("stowage_");
  });
});
