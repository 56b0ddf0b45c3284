import {
  StorageError,
  isStorageError,
  type Applied,
  type Operation,
  type StorageErrorCode,
} from "@stowage/core/provider";
import { codeOf } from "./system.js";

/**
 * What a system error means for an object.
 *
 * @see https://man7.org/linux/man-pages/man3/errno.3.html
 */
const ERRNO: Readonly<Record<string, readonly [StorageErrorCode, string]>> = {
  ENOENT: ["NotFound", "there is no such object"],
  ENOTDIR: ["Unsupported", "a folder of the key is a file here"],
  EISDIR: ["Unsupported", "the key is a folder here"],
  ENOTEMPTY: ["Unsupported", "the key is a folder here"],
  EEXIST: ["AlreadyExists", "the key has an object"],
  ENAMETOOLONG: ["Unsupported", "the name is longer than the file system takes"],
  EILSEQ: ["Unsupported", "the file system does not take such a name"],
  EINVAL: ["Unsupported", "the file system does not take such a name"],
  ELOOP: ["PermissionDenied", "a symbolic link lies on the way"],
  EACCES: ["PermissionDenied", "the process has no right to do that"],
  EPERM: ["PermissionDenied", "the process has no right to do that"],
  EROFS: ["Unavailable", "the file system is read-only"],
  ENOSPC: ["OutOfSpace", "the disk is full"],
  EDQUOT: ["OutOfSpace", "the disk quota is used up"],
  EXDEV: ["Unsupported", "a folder of the key is on another file system than the root"],
  ENOTSUP: ["Unsupported", "the file system cannot do that"],
  EFBIG: ["TooLarge", "the file system does not take files of that size"],
  EMFILE: ["Unavailable", "the process has too many open files"],
  ENFILE: ["Unavailable", "the system has too many open files"],
  EBUSY: ["Unavailable", "the file is in use"],
  EAGAIN: ["Unavailable", "the file system is busy"],
  EIO: ["Unavailable", "the disk fails"],
  EBADMSG: ["Integrity", "what the disk holds about the object is damaged"],
  ENODEV: ["Unavailable", "the disk is gone"],
  ENXIO: ["Unavailable", "the disk is gone"],
  ESTALE: ["Unavailable", "the network file system is gone"],
  ETIMEDOUT: ["Unavailable", "the network file system does not answer"],
  EHOSTDOWN: ["Unavailable", "the network file system does not answer"],
};

const NOT_RETRYABLE: ReadonlySet<string> = new Set(["EROFS", "EIO", "EBADMSG", "ENODEV", "ENXIO"]);

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
  const [code, reason] = ERRNO[errno] ?? (["Unknown", `the file system answered ${errno}`] as const);
  return new StorageError(code, reason, {
    ...context,
    applied,
    retryable: NOT_RETRYABLE.has(errno) ? false : undefined,
    cause: error,
  });
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

export function notFound(context: FailureContext, cause: unknown): Error {
  return failure("NotFound", "there is no such object", context, cause);
}
