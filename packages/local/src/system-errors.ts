import type { StorageErrorCode } from "@stowage/core/provider";
import { codeOf, isDeniedByNode } from "./errno.js";

type Meaning = readonly [StorageErrorCode, string];

const NETWORK_SILENT: Meaning = ["Unavailable", "the network file system does not answer"];
const NETWORK_GONE: Meaning = ["Unavailable", "the network file system is gone"];
const DISK_GONE: Meaning = ["Unavailable", "the disk is gone"];
const DAMAGED: Meaning = ["Integrity", "the facts of the object on the disk are damaged"];
const NO_KEY: Meaning = ["PermissionDenied", "the process has no valid key or ticket for the file system"];
const NO_RIGHT: Meaning = ["PermissionDenied", "the process does not have permission"];
const NO_NAME: Meaning = ["Unsupported", "the file system does not allow the name"];
const IS_FOLDER: Meaning = ["Unsupported", "the key is the name of a folder"];

/**
 * The error code and the reason that callers get for each system error.
 *
 * @see https://man7.org/linux/man-pages/man3/errno.3.html
 */
const ERRNO: Readonly<Record<string, Meaning>> = {
  ENOENT: ["NotFound", "there is no such object"],
  ENOTDIR: ["Unsupported", "a parent folder of the key is a file"],
  EISDIR: IS_FOLDER,
  ENOTEMPTY: IS_FOLDER,
  EEXIST: ["AlreadyExists", "the key already has an object"],
  ENAMETOOLONG: ["Unsupported", "the name is longer than the file system allows"],
  EILSEQ: NO_NAME,
  EINVAL: NO_NAME,
  ELOOP: ["PermissionDenied", "the path of the object contains a symbolic link"],
  EACCES: NO_RIGHT,
  EPERM: NO_RIGHT,
  ENOKEY: NO_KEY,
  EKEYEXPIRED: NO_KEY,
  EKEYREVOKED: NO_KEY,
  EKEYREJECTED: NO_KEY,
  EROFS: ["Unavailable", "the file system is read-only"],
  ENOSPC: ["OutOfSpace", "the disk is full"],
  EDQUOT: ["OutOfSpace", "the disk quota is used up"],
  EXDEV: ["Unsupported", "a parent folder of the key is on a different file system than the root"],
  EMLINK: ["Unsupported", "the folder has as many entries or links as the file system allows"],
  ENOTSUP: ["Unsupported", "the file system does not support the operation"],
  EOPNOTSUPP: ["Unsupported", "the file system does not support the operation"],
  ENOSYS: ["Unsupported", "the file system does not support the operation"],
  EFBIG: ["TooLarge", "the file system does not allow files of this size"],
  EOVERFLOW: ["TooLarge", "the file system does not allow files of this size"],
  EMFILE: ["Unavailable", "the process has too many open files"],
  ENFILE: ["Unavailable", "the system has too many open files"],
  ENOMEM: ["Unavailable", "the system has no memory left"],
  ENOBUFS: ["Unavailable", "the system has no memory left"],
  ENOLCK: ["Unavailable", "the file system has no locks left"],
  EBUSY: ["Unavailable", "the file is in use"],
  ETXTBSY: ["Unavailable", "the file is in use"],
  EAGAIN: ["Unavailable", "the file system is busy"],
  EINTR: ["Unavailable", "the file system was interrupted"],
  EIO: ["Unavailable", "the disk reports an error"],
  EBADMSG: DAMAGED,
  EUCLEAN: DAMAGED,
  EHWPOISON: DAMAGED,
  ENODEV: DISK_GONE,
  ENXIO: DISK_GONE,
  ENOMEDIUM: DISK_GONE,
  EMEDIUMTYPE: DISK_GONE,
  EDEVERR: DISK_GONE,
  ENOTCONN: ["Unavailable", "the program or server behind the mount is gone"],
  ESHUTDOWN: ["Unavailable", "the server refuses this mount"],
  ESTALE: NETWORK_GONE,
  ECONNABORTED: NETWORK_GONE,
  ECONNREFUSED: NETWORK_GONE,
  ECONNRESET: NETWORK_GONE,
  EPIPE: NETWORK_GONE,
  ENOLINK: NETWORK_GONE,
  EREMOTEIO: ["Unavailable", "the network file system reports an error"],
  ECOMM: ["Unavailable", "the network file system reports an error"],
  EPROTO: ["Unavailable", "the network file system reports an error"],
  ETIMEDOUT: NETWORK_SILENT,
  ETIME: NETWORK_SILENT,
  EHOSTDOWN: NETWORK_SILENT,
  EHOSTUNREACH: NETWORK_SILENT,
  ENETDOWN: NETWORK_SILENT,
  ENETUNREACH: NETWORK_SILENT,
  ENONET: NETWORK_SILENT,
};

const NOT_RETRYABLE: ReadonlySet<string> = new Set([
  "EROFS",
  "EIO",
  "ENODEV",
  "ENXIO",
  "ENOMEDIUM",
  "ESHUTDOWN",
]);

/**
 * The errors after which the change may have been made, because the call may have succeeded and only its answer may
 * have been lost.
 */
const AMBIGUOUS: ReadonlySet<string> = new Set([
  "EIO",
  "EINTR",
  "ETIME",
  "ETIMEDOUT",
  "EREMOTEIO",
  "ECOMM",
  "EPROTO",
  "ECONNABORTED",
  "ECONNRESET",
  "EPIPE",
]);

/** The system calls that some file systems do not have, each with the reason that the error gives. */
const LACKED: Readonly<Record<string, string>> = {
  fsync: 'the file system cannot sync files and folders: set durability: "rename"',
  link: 'a create-only put (ifNoneMatch: "*") needs hard links, which the file system does not have',
  fchmod: "the file system does not store permissions: remove fileMode and directoryMode",
  chmod: "the file system does not store permissions: remove fileMode and directoryMode",
};

const LACKING: ReadonlySet<string> = new Set([
  "EPERM",
  "EINVAL",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
]);

/** Tells whether an error means that the file system does not have this system call at all. */
export function isLacking(error: unknown): boolean {
  return LACKING.has(codeOf(error) ?? "");
}

/** Tells whether a change may have been made although its system call has failed. */
export function isAmbiguous(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return AMBIGUOUS.has(code) || !(code in ERRNO);
}

/** Returns the meaning of a system error, or `undefined` for an unknown error. */
export function meaningOf(error: unknown): Meaning | undefined {
  const code = codeOf(error) ?? "";
  if (isDeniedByNode(error)) return ["PermissionDenied", deniedByNode(error)];
  const { syscall } = error as { readonly syscall?: string };
  const lacked = syscall === undefined || !isLacking(error) ? undefined : LACKED[syscall];
  return lacked === undefined ? ERRNO[code] : ["Unsupported", lacked];
}

/**
 * Returns `false` for a failure that does not go away by itself. Returns `undefined` for other failures: their code
 * says whether a retry makes sense.
 */
export function retryableOf(error: unknown): false | undefined {
  return NOT_RETRYABLE.has(codeOf(error) ?? "") ? false : undefined;
}

/**
 * Returns the reason for a call that Node's permission model has refused.
 *
 * @see https://nodejs.org/api/permissions.html#file-system-permissions
 */
function deniedByNode(error: unknown): string {
  const { permission, resource, message } = error as Readonly<Record<string, unknown>>;
  const [right, path] = [permission, resource].map((value) => (typeof value === "string" ? value : ""));
  const what = right === "" ? String(message) : `${right} of ${JSON.stringify(path)} is not allowed`;
  const cure = what.startsWith("fsync")
    ? 'set durability: "rename"'
    : "start Node with --allow-fs-read and --allow-fs-write";
  return `Node's permission model refuses the call (${what}): ${cure}`;
}
