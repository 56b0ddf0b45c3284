import {
  StorageError,
  isStorageError,
  type Applied,
  type Operation,
  type StorageErrorCode,
} from "@stowage/core/provider";
import { codeOf } from "./errno.js";
import { meaningOf, retryableOf } from "./system-errors.js";

/** Which call of which provider failed. */
export interface FailureContext {
  readonly operation: Operation;
  readonly provider: string;
  readonly key?: string | undefined;
  /** What aborts it: its reason is nobody's error, whatever it looks like. */
  readonly signal?: AbortSignal | undefined;
}

/** Translates a system error; the original stays reachable as `cause`. */
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

/** Returns "no" for a system call: the one that makes a change visible is translated where it is made. */
function appliedOf(error: unknown): Applied | undefined {
  return (error as { readonly syscall?: unknown }).syscall === undefined ? undefined : "no";
}

/** Whether an error is the reason of the call's own signal, which nobody may change or explain. */
export function isAbort(error: unknown, { signal }: FailureContext): boolean {
  return signal?.aborted === true && error === signal.reason;
}

/** A failure that the provider itself found. */
export function failure(
  code: StorageErrorCode,
  reason: string,
  context: FailureContext,
  cause?: unknown,
): StorageError {
  return new StorageError(code, reason, { ...context, cause });
}

/** No name, a file for a folder, a folder for a file, a socket for a file. */
const MISSING: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ENXIO"]);

/** Whether a system error says that no such file is there. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(codeOf(error));
}

/**
 * Returns whether a system error may come from a root that has gone: its files are missing, or its path leads to another
 * place than before.
 */
export function maybeOfRoot(error: unknown): boolean {
  return isMissing(error) || codeOf(error) === "ELOOP" || codeOf(error) === "EXDEV";
}

export function notFound(context: FailureContext, cause: unknown): Error {
  return failure("NotFound", "there is no such object", context, cause);
}
