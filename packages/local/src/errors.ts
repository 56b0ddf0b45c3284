import {
  StorageError,
  isStorageError,
  type Applied,
  type Operation,
  type StorageErrorCode,
} from "@stowage/core/provider";
import { codeOf } from "./errno.js";
import { meaningOf, retryableOf } from "./system-errors.js";

/** The facts that the error of a failed call contains. */
export interface FailureContext {
  readonly operation: Operation;
  readonly provider: string;
  readonly key?: string | undefined;
  /** The signal that aborts the call. Its reason is passed on unchanged, whatever type the reason has. */
  readonly signal?: AbortSignal | undefined;
}

/** Translates a system error. The original error is kept as `cause`. */
export function toLocalError(error: unknown, context: FailureContext, applied?: Applied): unknown {
  const errno = codeOf(error);
  if (isStorageError(error) || errno === undefined || isAbort(error, context)) return error;
  const [code, reason] = meaningOf(error) ?? (["Unknown", `the file system answered ${errno}`] as const);
  return new StorageError(code, reason, {
    ...context,
    applied: applied ?? appliedOf(error),
    retryable: retryableOf(error),
    cause: error,
  });
}

/**
 * Returns `"no"` for an error of a system call. An error of the call that makes a change visible is translated next to
 * that call, not here.
 */
function appliedOf(error: unknown): Applied | undefined {
  return (error as { readonly syscall?: unknown }).syscall === undefined ? undefined : "no";
}

/** Tells whether an error is the reason of the call's own signal. Such a reason is passed on unchanged. */
export function isAbort(error: unknown, { signal }: FailureContext): boolean {
  return signal?.aborted === true && error === signal.reason;
}

/** Returns the error for a failure that the provider itself has found. */
export function failure(
  code: StorageErrorCode,
  reason: string,
  context: FailureContext,
  cause?: unknown,
): StorageError {
  return new StorageError(code, reason, { ...context, cause });
}

/**
 * The errors for a missing file. The name does not exist, a parent of the file is not a folder, or the name belongs to a folder
 * or a socket.
 */
const MISSING: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ENXIO"]);

/** Tells whether a system error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(codeOf(error));
}

/**
 * Tells whether a system error may mean that the root is gone. In that case files are missing, or the root's path leads
 * to a different folder than before.
 */
export function maybeOfRoot(error: unknown): boolean {
  return isMissing(error) || codeOf(error) === "ELOOP" || codeOf(error) === "EXDEV";
}

export function notFound(context: FailureContext, cause: unknown): Error {
  return failure("NotFound", "there is no such object", context, cause);
}
