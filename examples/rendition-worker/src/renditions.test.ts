import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorageError, type FileStorage, type StorageErrorCode, type StorageProvider } from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { local } from "@stowage/local";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStorage, storeRenditions, type Rendition } from "./renditions.js";

let home: string;
let storage: FileStorage;
let fault: StorageErrorCode | undefined;
/** How many puts ran at once, at most. */
let most = 0;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stowage-renditions-"));
  fault = undefined;
  most = 0;
  storage = await openStorage(
    {
      STORAGE_DIR: join(home, "renditions"),
      LOCAL_BASE_URL: "http://127.0.0.1:8080/renditions",
      AWS_S3_BUCKET: "my-videos",
      AWS_REGION: "eu-central-1",
      AWS_S3_VIDEOS_PREFIX: "videos",
      AWS_S3_BASE_URL: "https://cdn.example.com",
    },
    { wrap: (provider) => (provider.name === "s3" ? bucket() : provider) },
  );
});

afterEach(async () => {
  await storage.close();
  await rm(home, { recursive: true, force: true });
});

/** A folder stands for the bucket. */
function bucket(): StorageProvider {
  const publicBaseUrl = "https://cdn.example.com/videos";
  const folder = local({ name: "s3", root: join(home, "bucket"), create: true, publicBaseUrl });
  let running = 0;
  return intercept(folder, {
    type: "mortal",
    around: async ({ operation, key }, next) => {
      if (fault !== undefined) throw new StorageError(fault, "it fails", { operation, key, provider: "s3" });
      if (operation !== "put") return await next();
      most = Math.max(most, ++running);
      try {
        return await next();
      } finally {
        running--;
      }
    },
  });
}

async function made(...qualities: readonly string[]): Promise<readonly Rendition[]> {
  const path = join(home, "film.mp4");
  await writeFile(path, Buffer.alloc(2_000_000, 7));
  return qualities.map((quality) => ({ path, quality }));
}

describe("renditions by video id and quality", () => {
  it("go to the bucket in parallel, with progress, and have the base address", async () => {
    const renditions = await made("480p", "720p", "1080p", "4k");
    const progress = new Map<string, number>();
    const stored = await storeRenditions(storage, "42", renditions, ({ quality }, { loaded }) => {
      progress.set(quality, loaded);
    });
    expect(stored.map(({ url }) => url)).toEqual(
      ["480p", "720p", "1080p", "4k"].map(
        (quality) => `https://cdn.example.com/videos/42/film_${quality}.mp4`,
      ),
    );
    expect([...progress.values()]).toEqual([2_000_000, 2_000_000, 2_000_000, 2_000_000]);
    expect(most).toBeGreaterThan(1);
  });

  it.each<StorageErrorCode>(["Unavailable", "Unauthenticated", "PermissionDenied", "Misconfigured"])(
    "have the local address when the bucket answers %s",
    async (code) => {
      fault = code;
      const [stored] = await storeRenditions(storage, "42", await made("720p"));
      expect(stored?.url).toBe("http://127.0.0.1:8080/renditions/42/film_720p.mp4");
    },
  );

  it("fail one by one: a file that is missing does not end the others", async () => {
    const [there] = await made("720p");
    const missing = { path: join(home, "missing.mp4"), quality: "1080p" };
    const stored = await storeRenditions(storage, "42", [missing, there as Rendition]);
    expect(stored[0]?.error).toMatchObject({ code: "SourceError" });
    expect(stored[1]?.url).toBe("https://cdn.example.com/videos/42/film_720p.mp4");
  });

  it("can be stored again by a job that runs once more", async () => {
    const renditions = await made("720p");
    await storeRenditions(storage, "42", renditions);
    const [again] = await storeRenditions(storage, "42", renditions);
    expect(again?.url).toBe("https://cdn.example.com/videos/42/film_720p.mp4");
  });
});
