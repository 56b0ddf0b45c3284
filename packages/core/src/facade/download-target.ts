import { randomUUID } from "node:crypto";
import { lstat, open, readlink, realpath, stat, type FileHandle } from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { StorageError, StorageErrorCode } from "../contract/errors.js";

/** A function that makes the error for a file that cannot be written. */
export type ToError = (reason: string, cause: unknown) => StorageError;

/** A temporary file in the same folder as the file that it will replace. */
export interface Beside {
  /** The path of the file to replace, after every symbolic link was followed. */
  readonly target: string;
  readonly temporary: string;
  readonly file: FileHandle;
}

/**
 * Opens a temporary file in the folder of a path. If there is already a file at the path, only users who can read that file can
 * read the new file.
 */
export async function openBeside(path: string, toError: ToError): Promise<Beside> {
  const old = await stat(path).catch(() => undefined);
  if (old?.isFile() === false || path.endsWith("/")) throw toError(`${path} is not a file`, undefined);
  const unwritable = (cause: unknown): never => {
    throw toError(`the folder ${dirname(path)} cannot be written to`, cause);
  };
  const target = await behindLinks(path).catch(unwritable);
  // The name of the temporary file does not contain the target's name, because the result could be longer than the file system
  // allows.
  const temporary = join(dirname(target), `.stowage-tmp.${randomUUID()}.part`);
  const file = await open(temporary, "wx", old === undefined ? 0o666 : 0o600).catch(unwritable);
  if (old !== undefined) await keepRights(file, old);
  return { target, temporary, file };
}

/**
 * The maximum number of symbolic links that are followed in a row. Linux has the same limit.
 *
 * @see https://man7.org/linux/man-pages/man7/path_resolution.7.html
 */
const LINKS_MAX = 40;

/**
 * Returns the path after following every symbolic link, like the system does when it opens a file. There need not be a file at
 * the path yet.
 */
async function behindLinks(path: string): Promise<string> {
  let place = resolve(path);
  for (let links = 0; links < LINKS_MAX; links++) {
    place = join(await realpath(dirname(place)), basename(place));
    const facts = await lstat(place).catch(() => undefined);
    if (facts?.isSymbolicLink() !== true) return place;
    place = resolve(dirname(place), await readlink(place));
  }
  throw Object.assign(new Error(`${path} leads through too many symbolic links`), { code: "ELOOP" });
}

/**
 * Gives a new file the permissions and the owner of the old one. If this is not allowed, the file keeps the permissions and the
 * owner of this process.
 */
async function keepRights(file: FileHandle, old: Stats): Promise<void> {
  const own = await file.stat();
  if (own.uid !== old.uid || own.gid !== old.gid) await file.chown(old.uid, old.gid).catch(() => {});
  await file.chmod(old.mode & 0o777).catch(() => {});
}

/** The names of system errors that Node knows only by number. */
const UNNAMED: Partial<Record<NodeJS.Platform, Readonly<Record<number, string>>>> = {
  linux: { 74: "EBADMSG", 116: "ESTALE", 117: "EUCLEAN", 122: "EDQUOT" },
  darwin: { 69: "EDQUOT", 70: "ESTALE", 94: "EBADMSG" },
};

const CODES: Readonly<Record<string, StorageErrorCode>> = {
  ENOSPC: "OutOfSpace",
  EDQUOT: "OutOfSpace",
  EFBIG: "TooLarge",
  EBADMSG: "Integrity",
  EUCLEAN: "Integrity",
  EIO: "Unavailable",
  EROFS: "Unavailable",
  EBUSY: "Unavailable",
  ESTALE: "Unavailable",
  ENOTCONN: "Unavailable",
  ESHUTDOWN: "Unavailable",
  ETIMEDOUT: "Unavailable",
  EHOSTDOWN: "Unavailable",
  EHOSTUNREACH: "Unavailable",
  ENODEV: "Unavailable",
  ENXIO: "Unavailable",
  EREMOTEIO: "Unavailable",
  EMFILE: "Unavailable",
  ENFILE: "Unavailable",
  ERR_ACCESS_DENIED: "PermissionDenied",
};

/** Returns the code for a failure of the disk; `undefined` if the path itself is the cause. */
export function codeOfDisk(error: unknown): StorageErrorCode | undefined {
  const { code, errno } = Object(error) as { readonly code?: string; readonly errno?: number };
  return CODES[UNNAMED[process.platform]?.[Math.abs(errno ?? 0)] ?? code ?? ""];
}
