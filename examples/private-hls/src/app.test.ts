import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signed } from "@stowage/http";
import { local } from "@stowage/local";
import type { EnvironmentStorage } from "stowage";
import type { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApp, openStorage, publish } from "./app.js";

const KEYS = [{ id: "test", secret: "a secret of at least 32 bytes, for tests" }] as const;
/** What programs take for an MP4: its first box. */
const FILM = Buffer.concat([
  Buffer.from("000000186674797069736f6d0000020069736f6d61766331", "hex"),
  Buffer.alloc(200_000, 7),
]);
const VIEWER = { authorization: "Bearer viewer" };

let home: string;
let storage: EnvironmentStorage;
let app: Hono;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stowage-hls-"));
  storage = await openStorage(
    { AWS_S3_BUCKET_NAME: "my-videos", AWS_REGION: "eu-central-1" },
    {
      // A folder stands for the bucket.
      wrap: () =>
        signed(local({ name: "s3", root: join(home, "bucket"), create: true }), {
          baseUrl: "https://bucket.example.com",
          keys: KEYS,
        }),
    },
  );
  app = createApp(storage, KEYS, ({ headers }) => headers.get("authorization") === VIEWER.authorization);
});

afterEach(async () => {
  await storage.close();
  await rm(home, { recursive: true, force: true });
});

async function ask(
  path: string,
  init: RequestInit = {},
  headers: Record<string, string> = VIEWER,
): Promise<Response> {
  return await app.request(path, { ...init, headers: { ...headers, "content-type": "video/mp4" } });
}

/** What a packager makes. */
async function packaged(): Promise<string> {
  const folder = join(home, "packaged");
  await mkdir(join(folder, "720p"), { recursive: true });
  await writeFile(join(folder, "master.m3u8"), "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p/index.m3u8\n");
  await writeFile(join(folder, "720p/index.m3u8"), "#EXTM3U\n#EXTINF:4,\n0.ts\n#EXT-X-ENDLIST\n");
  await writeFile(join(folder, "720p/0.ts"), FILM);
  return folder;
}

describe("videos", () => {
  it("are uploaded simply, seen and removed by those who may", async () => {
    expect((await ask("/files/videos/1", { method: "PUT", body: FILM })).status).toBe(201);
    expect((await ask("/files/videos/1", {}, {})).status).toBe(403);
    const seen = await ask("/files/videos/1");
    expect(seen.status).toBe(302);
    expect(seen.headers.get("location")).toMatch(/^https:\/\/bucket\.example\.com\/videos\/1\?/);
    expect((await ask("/files/videos/1", { method: "DELETE" })).status).toBe(204);
    expect((await ask("/files/videos/1")).status).toBe(404);
  });

  it("are refused when they are none, and nothing is stored", async () => {
    expect((await ask("/files/videos/1", { method: "PUT", body: "<html>" })).status).toBe(415);
    expect(await storage.exists("videos/1")).toBe(false);
  });

  it("can be copied, listed and downloaded to a file", async () => {
    await storage.put("videos/1", FILM);
    await storage.copy("videos/1", "previews/1");
    const { objects } = await storage.listPage({ prefix: "previews/" });
    expect(objects.map(({ key }) => key)).toEqual(["previews/1"]);
    await storage.download("previews/1", join(home, "film.mp4"));
    expect((await readFile(join(home, "film.mp4"))).equals(FILM)).toBe(true);
  });

  it("have signed links for an upload of 15 minutes, and a view of an hour", async () => {
    const upload = await storage.signUpload("videos/2", { maxBytes: 1_000_000, expiresInSeconds: 900 });
    expect(upload.method).toBe("PUT");
    expect(Math.round((upload.expiresAt.getTime() - Date.now()) / 60_000)).toBe(15);
    expect(await storage.signedUrl("videos/2", { expiresInSeconds: 3600 })).toContain("expires=");
  });
});

describe("an HLS folder", () => {
  it("is published whole, and delivered to viewers alone: playlists from here, segments from the bucket", async () => {
    expect(await publish(storage, await packaged(), "7")).toBe(3);
    const master = await ask("/files/hls/7/master.m3u8");
    expect(master.headers.get("content-type")).toBe("application/vnd.apple.mpegurl");
    expect(await master.text()).toContain("720p/index.m3u8");
    const segment = await ask("/files/hls/7/720p/0.ts");
    expect(segment.status).toBe(302);
    expect(segment.headers.get("location")).toMatch(/^https:\/\/bucket\.example\.com\/hls\/7\/720p\/0\.ts\?/);
    for (const name of ["master.m3u8", "720p/0.ts"]) {
      expect((await ask(`/files/hls/7/${name}`, {}, {})).status).toBe(403);
    }
  });
});
