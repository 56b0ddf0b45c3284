import { isStorageError, type FileStorage, type ObjectInfo } from "@stowage/core";
import { SAFE_HEADERS, type Answer } from "../wire/answer.js";
import type { HttpRequest } from "../wire/http-request.js";
import type { ServeOptions } from "./serve-options.js";
import { dispositionFor, storedHeaders } from "./stored-headers.js";

const EXPIRES_SECONDS = 3600;

/**
 * Makes the redirect to a signed link of the store. Caches keep the redirect for at most half the lifetime of the link. So a
 * redirect from a cache still leads to a link that works.
 *
 * @returns The redirect, or `undefined` if the mode is `"auto"` and the store of the object has no signed links.
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
        "cache-control": cacheControlOf(info.cacheControl ?? options.cacheControl, expiresInSeconds),
        "content-length": "0",
      },
    };
  } catch (error) {
    if (options.mode === "auto" && isStorageError(error, "Unsupported")) return undefined;
    throw error;
  }
}

/**
 * Returns the `Cache-Control` of a redirect. A redirect may be cached as long as the object, but at most for half the lifetime
 * of its link.
 */
function cacheControlOf(ofObject: string = "", expiresInSeconds: number): string {
  const half = Math.floor(expiresInSeconds / 2);
  if (/\bno-store\b/i.test(ofObject)) return "no-store";
  if (/\bno-cache\b/i.test(ofObject)) return "private, no-cache";
  const seconds = /\bmax-age=(?<seconds>\d{1,10})\b/i.exec(ofObject)?.groups?.["seconds"];
  return `private, max-age=${Math.min(half, Number(seconds ?? half))}`;
}

/** Returns the safe headers that the store must send instead of the stored headers. */
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
