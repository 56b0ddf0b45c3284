import { isStorageError, type FileStorage, type ObjectInfo } from "@stowage/core";
import { SAFE_HEADERS, type Answer } from "../wire/answer.js";
import type { HttpRequest } from "../wire/http-request.js";
import type { ServeOptions } from "./serve-options.js";
import { dispositionFor, storedHeaders } from "./stored-headers.js";

const EXPIRES_SECONDS = 3600;

/**
 * Makes the redirect to a signed link of the store. Caches keep the redirect for half the life of the link, so a cached redirect still
 * leads to a working link.
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

/** Returns the safe headers that the store must send in place of the stored ones. */
function overrides(
  info: ObjectInfo,
  options: ServeOptions,
): { contentType?: string; contentDisposition?: string | undefined } {
  const contentDisposition = dispositionFor(info, options);
  const safe = storedHeaders({ ...info, contentDisposition }, options.inlineTypes);
  return {
    ...(safe["content-type"] !== info.contentType && { contentType: safe["content-type"] }),
    ...(safe["content-disposition"] !== info.contentDisposition && {
      contentDisposition: safe["content-disposition"],
    }),
  };
}
