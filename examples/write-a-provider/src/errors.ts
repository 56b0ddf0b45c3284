import { StorageError, isNotSent } from "@stowage/core/provider";
import type { StorageErrorCode, StorageErrorOptions } from "@stowage/core/provider";

/** The statuses with which the service says that it has changed nothing. */
const CODES: Readonly<Record<number, StorageErrorCode>> = {
  400: "InvalidArgument",
  403: "PermissionDenied",
  404: "NotFound",
  409: "AlreadyExists",
  412: "PreconditionFailed",
  413: "TooLarge",
  429: "RateLimited",
};

/** Returns the error for an answer that is no success, or for no answer. Of a write it says "unknown" unless it is sure. */
export function failure(call: StorageErrorOptions, status?: number, cause?: TypeError): StorageError {
  const code = CODES[status ?? 0];
  const applied = code !== undefined || isNotSent(Object(cause?.cause).code) ? "no" : "unknown";
  const facts = { ...call, status, cause, applied } as const;
  return new StorageError(code ?? "Unavailable", `the service answered ${status ?? "nothing"}`, facts);
}
