import { isStorageError, type FileStorage, type ObjectInfo } from "@stowage/core";
import { SAFE_HEADERS, type Answer } from "../wire/answer.js";
import type { HttpRequest } from "../wire/http-request.js";
import type { ServeOptions } from "./serve-options.js";
import { storedHeaders } from "./stored-headers.js";

const EXPIRES_SECONDS = 3600;

/**
 * Makes the redirect to a signed link of the store, which ends after its cache entry: half of the life of the link is left for whoever
 * follows it.
 *
 * @returns `undefined` in mode `"auto"` when the store of the object has no signed links.
 */
export async function redirectAnswer(
  storage: FileStorage,
  info: ObjectInfo,
  { signal }: HttpRequest,
  options: ServeOptions,
): Promise<Answer | undefined> {
  const { expiresInSeconds = EXPIRES_SECONDS } = options;
  try {
    const link = await storage.signedUrl(info.key, { ...overrides(info, options), expiresInSeconds, signal });
    return {
      status: 302,
      headers: {
        ...SAFE_HEADERS,
        location: link,
        "cache-control": `private, max-age=${Math.floor(expiresInSeconds / 2)}`,
        "content-length": "0",
      },
    };
  } catch (error) {
    if (options.mode === "auto" && isStorageError(error, "Unsupported")) return undefined;
    throw error;
  }
}

/** Returns the headers that the store has to send instead of those that it has. */
function overrides(
  info: ObjectInfo,
  { contentDisposition = info.contentDisposition, inlineTypes }: ServeOptions,
): { contentType?: string; contentDisposition?: string | undefined } {
  const safe = storedHeaders({ ...info, contentDisposition }, inlineTypes);
  return {
    ...(safe["content-type"] !== info.contentType && { contentType: safe["content-type"] }),
    ...(safe["content-disposition"] !== info.contentDisposition && {
      contentDisposition: safe["content-disposition"],
    }),
  };
}
