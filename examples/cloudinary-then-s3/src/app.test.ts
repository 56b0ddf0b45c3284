import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudinaryFake, type CloudinaryFake } from "@stowage/conformance";
import { StorageError, type FileStorage, type StorageProvider } from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { signed } from "@stowage/http";
import { local } from "@stowage/local";
import { fromEnv } from "stowage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApp, type Video } from "./app.js";

const KEYS = [{ id: "test", secret: "a secret of at least 32 bytes, for tests" }] as const;
const FILM = Buffer.alloc(300_000, "film");

let home: string;
let fake: CloudinaryFake;
let storage: FileStorage;
let server: Server;
let url: string;
let isBucketDown = false;
const videos = new Map<string, Video>();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stowage-cloudinary-"));
  fake = await cloudinaryFake();
  isBucketDown = false;
  videos.clear();
  const { cloudName, apiKey, apiSecret } = fake;
  storage = await fromEnv(
    {
      CLOUDINARY_URL: `cloudinary://${apiKey}:${apiSecret}@${cloudName}`,
      AWS_S3_BUCKET: "videos",
      AWS_REGION: "eu-central-1",
    },
    {
      cloudinary: { uploadPrefix: fake.url, deliveryBaseUrl: `${fake.url}/${cloudName}` },
      wrap: (provider) => (provider.name === "s3" ? bucket() : provider),
    },
  );
  server = createApp(storage, videos).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await storage.close();
  await fake.close();
  await rm(home, { recursive: true, force: true });
});

/** A folder stands for the bucket. */
function bucket(): StorageProvider {
  const folder = local({ name: "s3", root: join(home, "bucket"), create: true });
  return intercept(signed(folder, { baseUrl: "https://bucket.example.com", keys: KEYS }), {
    type: "mortal",
    around: async ({ operation, key }, next) => {
      if (!isBucketDown) return await next();
      throw new StorageError("Unavailable", "it is down", { operation, key, provider: "s3" });
    },
  });
}

async function upload(): Promise<Response> {
  const form = new FormData();
  form.append("video", new Blob([FILM], { type: "video/mp4" }), "film.mp4");
  return await fetch(`${url}/videos`, { method: "POST", body: form });
}

async function uploaded(): Promise<Video> {
  const response = await upload();
  expect(response.status).toBe(201);
  const { id } = (await response.json()) as Video;
  return videos.get(id) as Video;
}

function breakCloudinary(): void {
  fake.fail({ fault: { type: "status", status: 503 } });
}

async function urlOf(id: string): Promise<string> {
  return ((await (await fetch(`${url}/videos/${id}`)).json()) as { readonly url: string }).url;
}

async function remove(id: string): Promise<number> {
  return (await fetch(`${url}/videos/${id}`, { method: "DELETE" })).status;
}

describe("Cloudinary first, S3 if it fails, an error if both fail", () => {
  it("stores in Cloudinary, records that, and the player plays from there", async () => {
    const { id, provider } = await uploaded();
    expect(provider).toBe("cloudinary");
    const played = await fetch(await urlOf(id));
    expect(Buffer.from(await played.arrayBuffer()).equals(FILM)).toBe(true);
  });

  it("stores in the bucket when Cloudinary fails, records that, and the player gets a signed address", async () => {
    breakCloudinary();
    const { id, provider } = await uploaded();
    expect(provider).toBe("s3");
    fake.heal();
    expect(await urlOf(id)).toMatch(/^https:\/\/bucket\.example\.com\/.+\?/);
    expect(fake.assets()).toEqual([]);
  });

  it("answers 503 when both fail, and stores nothing", async () => {
    breakCloudinary();
    isBucketDown = true;
    expect((await upload()).status).toBe(503);
    expect(videos.size).toBe(0);
  });

  it("plays and deletes videos of earlier days, whose rows have only an address", async () => {
    const { ref } = await storage.put("old", FILM, { contentType: "video/mp4" });
    const address = await storage.at(ref).publicUrl();
    videos.set("7", { id: "7", provider: "cloudinary", ref: address });
    expect((await fetch(await urlOf("7"))).status).toBe(200);
    expect(await remove("7")).toBe(204);
    expect(fake.assets()).toEqual([]);
  });

  it("deletes where the row says, while the other store is down", async () => {
    const inCloudinary = await uploaded();
    breakCloudinary();
    const inBucket = await uploaded();
    expect(await remove(inBucket.id)).toBe(204);
    fake.heal();
    isBucketDown = true;
    expect(await remove(inCloudinary.id)).toBe(204);
    expect(fake.assets()).toEqual([]);
    expect(
      (await readdir(join(home, "bucket"), { recursive: true })).filter((name) => name.includes(inBucket.id)),
    ).toEqual([]);
  });

  it("stores nothing of a form that is cut off", async () => {
    const body = `--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\nContent-Type: video/mp4\r\n\r\nhalf`;
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    const response = await fetch(`${url}/videos`, { method: "POST", body, headers });
    expect(response.status).toBe(400);
    expect(fake.assets()).toEqual([]);
    expect(videos.size).toBe(0);
  });

  it("says 400 for a form without a video, and 404 for one that is not there", async () => {
    expect((await fetch(`${url}/videos`, { method: "POST", body: new FormData() })).status).toBe(400);
    expect((await fetch(`${url}/videos/none`)).status).toBe(404);
    expect(await remove("none")).toBe(404);
  });
});
