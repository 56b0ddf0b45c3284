import type { Tries } from "../contract/call-options.js";
import type { StorageProvider } from "../contract/provider.js";
import { begin, intercept } from "./intercept.js";

const ONE_TRY: Tries = { attempts: 1, baseMs: 0, rateLimitedBaseMs: 0, maxDelayMs: 0 };

/**
 * Makes a provider try each request only one time, even the requests of an upload in parts. This wrapper is for callers that have
 * their own retries.
 */
export function once(inner: StorageProvider): StorageProvider {
  const single = { tries: ONE_TRY };
  return intercept(inner, {
    type: "once",
    aroundPut: (_call, next) => begin(next, single),
    aroundCopy: (_call, next) => begin(next, single),
  });
}
