import { basename, extname } from "node:path";
import { fromFile, isStorageError, keyTemplate, type FileStorage, type Progress } from "@stowage/core";
import { fromEnv, type Environment, type FromEnvOptions } from "stowage";

const renditionKey = keyTemplate("{videoId}/{name}_{quality}.{ext}");

/** A rendition that was made: `film.mp4` in one quality. */
export interface Rendition {
  readonly path: string;
  readonly quality: string;
}

/** A rendition that is stored, or the reason why it is not. */
export interface Stored extends Rendition {
  /** Where viewers find it: in the bucket, or on this machine when the bucket fails. */
  readonly url?: string | undefined;
  readonly error?: unknown;
}

/** Opens the bucket, with the folder behind it. Objects of the bucket can be read by everybody. */
export async function openStorage(env: Environment, options: FromEnvOptions = {}): Promise<FileStorage> {
  return await fromEnv(env, {
    // The policy of the document grants no s3:ListBucket.
    s3: { objects: { acl: "public-read" }, canList: false },
    local: { publicBaseUrl: env["LOCAL_BASE_URL"] },
    // Wrong credentials, or no permission: a warning, and the folder.
    fallbackOn: ["Unauthenticated", "PermissionDenied", "Misconfigured"],
    ...options,
  });
}

/** Stores the renditions of a video, several at once. */
export async function storeRenditions(
  storage: FileStorage,
  videoId: string,
  renditions: readonly Rendition[],
  onProgress: (rendition: Rendition, progress: Progress) => void = () => {},
): Promise<readonly Stored[]> {
  const items = renditions.map((rendition) => {
    const { path, quality } = rendition;
    const ext = extname(path).slice(1);
    const key = renditionKey.key({ videoId, quality, name: basename(path, extname(path)), ext });
    return { key, body: fromFile(path), onProgress: (progress: Progress) => onProgress(rendition, progress) };
  });
  const results = await storage.putMany(items, { concurrency: 3 });
  return await Promise.all(
    results.map(async (result, index) => {
      const rendition = renditions[index] as Rendition;
      // A rendition that an earlier run has stored.
      const isThere = "error" in result && isStorageError(result.error, "AlreadyExists");
      if ("error" in result && !isThere) return { ...rendition, error: result.error };
      return { ...rendition, url: await storage.publicUrl(result.key) };
    }),
  );
}
