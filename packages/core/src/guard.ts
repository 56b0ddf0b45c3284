import type { Readable } from "node:stream";
import { StorageError, isStorageError } from "./errors.js";
import type { GetResult, StorageProvider } from "./provider.js";
import { FlowedStream } from "./source-stream.js";

/**
 * Watches the body of a read object: one that ends early, goes on too long, fails or falls silent makes the
 * stream fail with a `StorageError`. A truncated download never looks like a whole one.
 */
export function guardResult(result: GetResult, provider: StorageProvider, idleMs?: number): GetResult {
  const { body, info, range } = result;
  const size = provider.supports.byteExact ? (range?.length ?? info.size) : undefined;
  if (body instanceof Uint8Array) {
    if (size === undefined || body.byteLength === size) return result;
    throw bodyError(info, `the body has ${body.byteLength} bytes instead of ${size}`);
  }
  if (body instanceof FlowedStream) return result;
  return { ...result, body: guarded(body, info, size, idleMs) };
}

function guarded(
  body: Readable,
  info: GetResult["info"],
  size: number | undefined,
  idleMs?: number,
): Readable {
  return new FlowedStream(() => body, {
    size,
    idleMs,
    toError: (reason, cause) => {
      if (isStorageError(cause)) return cause;
      if (cause === undefined && reason.startsWith("gave no bytes")) {
        return bodyError(info, `the body ${reason}`, undefined, "Timeout");
      }
      return bodyError(info, `the body ${reason}`, cause, cause === undefined ? "Integrity" : "Unavailable");
    },
  });
}

function bodyError(
  { key, provider }: GetResult["info"],
  reason: string,
  cause?: unknown,
  code: "Integrity" | "Unavailable" | "Timeout" = "Integrity",
): StorageError {
  return new StorageError(code, reason, { operation: "get", provider, key, cause });
}
