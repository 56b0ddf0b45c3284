import { randomUUID } from "node:crypto";
import { createHandler, createUploadHandler, type Authorize, type SigningKeys } from "@stowage/http";
import { setLifecycle } from "@stowage/s3/setup";
import { Hono } from "hono";
import { fromEnv, type Environment, type EnvironmentStorage, type FromEnvOptions } from "stowage";

const VIDEO_BYTES_MAX = 20_000_000_000;
const VIDEOS = { maxBytes: VIDEO_BYTES_MAX, types: ["video/*"] };

/** Opens the storage. Objects of a bucket are encrypted and private. */
export async function openStorage(
  env: Environment,
  options: FromEnvOptions = {},
): Promise<EnvironmentStorage> {
  const objects = { encryption: { type: "AES256" }, acl: "private" } as const;
  return await fromEnv(env, { s3: { objects }, ...options });
}

/** Has the bucket remove old previews, and uploads that nobody goes on with. */
export async function prepareBucket({ stores: { s3 } }: EnvironmentStorage): Promise<void> {
  if (s3 === undefined) return;
  await setLifecycle(s3, [
    { name: "previews", prefix: "previews/", expireAfterDays: 30 },
    { name: "uploads", prefix: "", abortUploadsAfterDays: 1 },
  ]);
}

/** Stores the folder that a packager has made. Segments go first, so a playlist never names one that is missing. */
export async function publish(storage: EnvironmentStorage, folder: string, id: string): Promise<number> {
  const results = await storage.putDirectory(folder, `hls/${id}/`);
  for (const result of results) if ("error" in result) throw result.error;
  return results.length;
}

/** Makes the application. */
export function createApp(storage: EnvironmentStorage, keys: SigningKeys, authorize: Authorize): Hono {
  // Simple uploads, downloads and deletes. A playlist is served here; its segments come from the bucket by signed links.
  const files = createHandler(storage, {
    basePath: "/files",
    authorize,
    receive: VIDEOS,
    remove: true,
    serve: (_request, key) => ({ mode: key.endsWith(".m3u8") ? "stream" : "auto" }),
  });
  // Uploads from the browser straight to the bucket, in parts: `companionEndpoint` of Uppy is /uploads.
  const key = (): string => `videos/${randomUUID()}`;
  const uploads = createUploadHandler(storage, { ...VIDEOS, basePath: "/uploads", authorize, key, keys });

  const app = new Hono();
  app.all("/files/*", async ({ req }) => await files(req.raw));
  app.all("/uploads/*", async ({ req }) => await uploads(req.raw));
  return app;
}
