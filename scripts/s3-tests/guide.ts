// How an application for videos keeps them in S3, from the first upload to the rules for old files. It reads from top to
// bottom; every step is checked against a real server.
import { contentDisposition, type FileStorage, type SignedUpload } from "@stowage/core";
import { DIALECTS } from "@stowage/s3";
import { setLifecycle } from "@stowage/s3/setup";
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KMS_KEY_ID } from "../s3-servers/ceph.js";
import { MIB, digestAt, digestOf, digestOfFile, patterned, streamed } from "./contents.js";
import type { RealTest } from "./real.js";

const VIDEO = patterned(12 * MIB + 345);

async function simpleUpload(storage: FileStorage): Promise<void> {
  const info = await storage.put("thumbnails/42.jpg", "a small picture", { metadata: { video: "42" } });
  assert.equal(info.contentType, "image/jpeg");
  assert.deepEqual(info.metadata, { video: "42" });
  assert.equal(await storage.exists("thumbnails/42.jpg"), true);
}

async function multipartUpload(storage: FileStorage): Promise<void> {
  const steps: number[] = [];
  const onProgress = ({ loaded, total }: { loaded: number; total?: number | undefined }): void => {
    steps.push(loaded);
    assert.equal(total, VIDEO.byteLength);
  };
  const info = await storage.put("videos/42/original.mp4", streamed(VIDEO), {
    size: VIDEO.byteLength,
    onProgress,
  });
  assert.equal(info.size, VIDEO.byteLength);
  assert.ok(steps.length >= 3, "progress is told part by part");
  assert.equal(steps.at(-1), VIDEO.byteLength);
}

async function abortedUpload(storage: FileStorage): Promise<void> {
  const controller = new AbortController();
  const onProgress = (): void => controller.abort(new Error("the user has left"));
  const upload = storage.put("videos/43/original.mp4", streamed(VIDEO), {
    signal: controller.signal,
    onProgress,
  });
  await assert.rejects(upload, /the user has left/);
  assert.equal(await storage.exists("videos/43/original.mp4"), false);
}

async function presignedUpload(storage: FileStorage): Promise<void> {
  const upload = await storage.signUpload("videos/44/original.mp4", {
    contentType: "video/mp4",
    contentLength: 5,
    expiresInSeconds: 15 * 60,
  });
  assertLife(upload, 15 * 60);
  const { "content-length": _length, ...headers } = upload.headers;
  assert.equal((await fetch(upload.url, { method: upload.method, headers, body: "bytes" })).status, 200);
  assert.equal((await storage.head("videos/44/original.mp4")).contentType, "video/mp4");
}

function assertLife({ expiresAt }: SignedUpload, seconds: number): void {
  const life = (expiresAt.getTime() - Date.now()) / 1000;
  assert.ok(life > seconds - 60 && life <= seconds, `it lives for ${life} seconds`);
}

async function presignedDownload(storage: FileStorage): Promise<void> {
  const url = await storage.signedUrl("videos/44/original.mp4", {
    expiresInSeconds: 60 * 60,
    contentDisposition: contentDisposition("attachment", "My holiday.mp4"),
  });
  assert.equal(new URL(url).searchParams.get("X-Amz-Expires"), "3600");
  const answer = await fetch(url);
  assert.equal(answer.headers.get("content-disposition"), 'attachment; filename="My holiday.mp4"');
  assert.equal(await answer.text(), "bytes");
}

async function directDownload(storage: FileStorage, folder: string): Promise<void> {
  const path = join(folder, "original.mp4");
  await storage.download("videos/42/original.mp4", path);
  assert.equal(await digestOfFile(path), digestOf(VIDEO));
}

async function listing(storage: FileStorage): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of storage.list({ prefix: "videos/" })) keys.push(key);
  assert.deepEqual(keys, ["videos/42/original.mp4", "videos/44/original.mp4"]);
  const { prefixes } = await storage.listPage({ prefix: "videos/", delimiter: "/" });
  assert.deepEqual(prefixes, ["videos/42/", "videos/44/"]);
}

async function copyAndDelete(storage: FileStorage): Promise<void> {
  await storage.copy("videos/42/original.mp4", "backups/42.mp4");
  assert.equal(await digestAt(storage, "backups/42.mp4"), digestOf(VIDEO));
  await storage.delete("videos/44/original.mp4");
  assert.equal(await storage.exists("videos/44/original.mp4"), false);
  const { errors } = await storage.deleteMany(["backups/42.mp4", "backups/none.mp4"]);
  assert.deepEqual(errors, []);
}

/** A folder of segments: the playlist goes last, so that nobody is told of a segment that is not there yet. */
async function hlsFolder(storage: FileStorage, folder: string): Promise<void> {
  const hls = join(folder, "hls");
  await mkdir(join(hls, "720p"), { recursive: true });
  await writeFile(join(hls, "master.m3u8"), "#EXTM3U\n720p/index.m3u8\n");
  await writeFile(join(hls, "720p/index.m3u8"), "#EXTM3U\nsegment0.ts\n");
  await writeFile(join(hls, "720p/segment0.ts"), "video");
  const stored = await storage.putDirectory(hls, "videos/42/hls/");
  const types = new Map(stored.map(({ key, contentType }) => [key, contentType]));
  assert.equal(types.get("videos/42/hls/master.m3u8"), "application/vnd.apple.mpegurl");
  assert.equal(types.get("videos/42/hls/720p/segment0.ts"), "video/mp2t");
  await storage.deletePrefix("videos/42/hls/");
  const { objects } = await storage.listPage({ prefix: "videos/42/hls/" });
  assert.deepEqual(objects, []);
}

const guide: RealTest = {
  title:
    "an application for videos: uploads with progress and abort, links, downloads, lists, encryption, rules",
  on: ["ceph", "ceph-newest"],
  run: async ({ provider, storage: open, folder }) => {
    const dialect = { ...DIALECTS.ceph, encryption: ["aws:kms"] as const };
    const objects = { acl: "private", encryption: { type: "aws:kms", keyId: KMS_KEY_ID } } as const;
    const storage = open({ dialect, objects });
    await simpleUpload(storage);
    await multipartUpload(storage);
    await abortedUpload(storage);
    await presignedUpload(storage);
    await presignedDownload(storage);
    await directDownload(storage, folder);
    await listing(storage);
    await copyAndDelete(storage);
    await hlsFolder(storage, folder);
    const rules = [
      { name: "temporary", prefix: "temporary/", expireAfterDays: 7 },
      { name: "stale-uploads", prefix: "", abortUploadsAfterDays: 1 },
    ];
    assert.equal((await setLifecycle(provider(), rules)).isApplied, true);
  },
};

export const GUIDE: readonly RealTest[] = [guide];
