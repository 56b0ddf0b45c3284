import { readlinkSync, type BigIntStats } from "node:fs";
import { chmod, mkdir, opendir, realpath, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { StorageError } from "@stowage/core/provider";
import { checkedDirectories } from "./checked-directories.js";
import { SETGID, syncDirectory } from "./directories.js";
import { createFactThread } from "./fact-thread.js";
import { failure, type FailureContext } from "./errors.js";
import { heldDirectories } from "./held-directories.js";
import { readMarker, type Marker } from "./marker.js";
import { plainLayout } from "./plain-layout.js";
import { portableLayout } from "./portable-layout.js";
import type { Root, RootOptions } from "./opened-root.js";
import type { Identity } from "./root-identity.js";
import { createSidecars } from "./sidecars.js";
import { isLacking } from "./system-errors.js";
import { codeOf, isShared } from "./system.js";
import { createTemporaries } from "./temporaries.js";

/** A root that was found, with the facts that identify it later. */
export interface Found {
  root: Root;
  readonly identity: Identity;
  /** The `f_type` of the root's file system. */
  readonly type: number;
  /** True if the folder was empty when it was found. */
  readonly isEmpty: boolean;
  /** The content of the root's marker. Absent until the first write. */
  marker: Marker | undefined;
  prepared: Promise<void> | undefined;
  isPrepared: boolean;
}

/**
 * The `f_type` of each file system that keeps its files on a disk or in the memory of this machine.
 *
 * @see https://man7.org/linux/man-pages/man2/statfs.2.html
 */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010,
]);

/** Opens the root. Makes a missing root first if the option `create` is set and no root was known before. */
export async function findRoot(
  options: RootOptions,
  context: FailureContext,
  known: Found | undefined,
): Promise<Found> {
  const facts = await statRoot(options, context, known);
  if (!facts.isDirectory()) {
    throw failure("Misconfigured", `the root ${JSON.stringify(options.path)} is a file`, context);
  }
  const path = await realpath(options.path);
  const [marker, { type }] = await Promise.all([readMarker(path, options.layout, context), statfs(path)]);
  const layout =
    options.layout === "plain" ? plainLayout() : portableLayout(marker?.fold ?? false, marker?.longNames);
  const { directoryMode: mode, privateDirectoryMode: privateMode, durable } = options;
  const device = facts.dev;
  const check = options.check ?? (descriptorPathsWork() ? "descriptor" : "realpath");
  const openDirectories = check === "descriptor" ? heldDirectories : checkedDirectories;
  const directories = openDirectories({ root: path, device, mode, privateMode, durable });
  const isLocal = LOCAL_FILE_SYSTEMS.has(type);
  const temporaries = createTemporaries({
    directories,
    device,
    isLocal,
    mode: options.fileMode,
    privateMode: options.privateFileMode,
    base: layout.base,
  });
  const sidecars = createSidecars({ directories, temporaries, isLocal });
  const factThread = createFactThread();
  const root = { path, layout, directories, temporaries, sidecars, factThread, isLocal };
  const isEmpty = marker === undefined && (await isEmptyFolder(path));
  return { root, identity: facts, type, isEmpty, marker, prepared: undefined, isPrepared: false };
}

async function statRoot(
  options: RootOptions,
  context: FailureContext,
  known: Found | undefined,
): Promise<BigIntStats> {
  try {
    return await stat(options.path, { bigint: true });
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") {
      const reason = `a folder on the way to the root ${JSON.stringify(options.path)} is a file`;
      throw failure("Misconfigured", reason, context, error);
    }
    if (codeOf(error) !== "ENOENT") throw error;
    if (known !== undefined) throw gone(options, context, "disappeared: is its disk mounted?", error);
    if (!options.create) {
      const cure = "does not exist: is its disk mounted? To create it, pass create: true";
      throw gone(options, context, cure, error);
    }
    await makeRoot(options);
    return await stat(options.path, { bigint: true });
  }
}

/** Makes the root and its missing parent folders. With `durable`, waits until each new folder is on the disk. */
async function makeRoot({ path, directoryMode, durable }: RootOptions): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: directoryMode });
  if (first === undefined) return;
  if (isShared(directoryMode)) {
    // The setgid bit, which passes the group on, stays as with `chmod`.
    const { mode } = await stat(path);
    await tolerateLack(chmod(path, directoryMode | (mode & SETGID)));
  }
  if (!durable) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await syncDirectory({ fd: undefined, start: dirname(made) });
  }
}

/** Waits for a change of permissions. Ignores a failure if the file system stores no permissions. */
async function tolerateLack(change: Promise<void>): Promise<void> {
  await change.catch((error: unknown) => {
    if (!isLacking(error)) throw error;
  });
}

/**
 * Tells whether this system shows the path of a descriptor, and shows this process under its own process id. Some
 * containers do not.
 */
function descriptorPathsWork(): boolean {
  if (process.platform !== "linux") return false;
  try {
    return readlinkSync("/proc/self") === String(process.pid);
  } catch {
    return false;
  }
}

/** Tells whether a folder is empty. A mount point is empty before a disk is mounted on it. */
async function isEmptyFolder(path: string): Promise<boolean> {
  const folder = await opendir(path).catch(() => undefined);
  if (folder === undefined) return false;
  try {
    return (await folder.read()) === null;
  } finally {
    await folder.close();
  }
}

/** Returns the error of a root that is missing or has changed. */
export function gone(
  { path }: RootOptions,
  context: FailureContext,
  reason: string,
  cause?: unknown,
): StorageError {
  return failure("Unavailable", `the folder ${JSON.stringify(path)} ${reason}`, context, cause);
}
