import {
  StorageError,
  contentTypeOf,
  headersOf,
  type ObjectInfo,
  type PutOptions,
} from "@stowage/core/provider";
import type { BigIntStats } from "node:fs";
import { infoOf, type Disk } from "./disk.js";
import { changeMode, inFolder, joinPath, syncDirectory, type Directory } from "./directories.js";
import { failure, isAbort, maybeOfRoot, toLocalError, type FailureContext } from "./errors.js";
import { etagOf, type Generation } from "./generation.js";
import { seal } from "./seal.js";
import type { Current } from "./sidecars.js";
import { isInner, mayBeInner } from "./inner-roots.js";
import type { Root } from "./opened-root.js";
import type { Facts } from "./facts.js";
import { codeOf, factsOf, link, lookNow, lstat, rename, unlink } from "./system.js";
import { isAmbiguous } from "./system-errors.js";
import { makeFile, type MakeFile, type Temporary } from "./temporaries.js";
import { removeEmpty } from "./pruning.js";

/** The object that is made from a finished temporary file, with the conditions of the write. */
export interface Commit {
  readonly key: string;
  readonly facts: Facts | undefined;
  readonly conditions: Pick<PutOptions, "ifMatch" | "ifNoneMatch" | "signal" | "beforeCommit">;
  readonly context: FailureContext & { readonly key: string };
}

/**
 * Runs a write with a temporary file, and makes sure that the temporary file is gone afterwards.
 *
 * @param make - Makes the temporary file.
 */
export async function writing<T>(
  disk: Disk,
  context: FailureContext & { readonly key: string },
  write: (root: Root, temporary: Temporary) => Promise<T>,
  make: MakeFile = makeFile,
): Promise<T> {
  let root: Root | undefined;
  try {
    root = await disk.root.openForWriting(context);
    disk.places.assertHeld(root, context.key, context.operation);
    await assertOutside(root, context);
    const temporary = await root.temporaries.createIn(disk.places.file(root, context.key).folder, make);
    try {
      return await write(root, temporary);
    } finally {
      await temporary.discard();
    }
  } catch (error) {
    if (root === undefined || isAbort(error, context) || !maybeOfRoot(error))
      throw toLocalError(error, context);
    if (codeOf(error) !== "ENOENT") {
      if (!(await disk.root.confirm(root, context))) throw toLocalError(error, context);
      throw failure("Unavailable", "the root was unmounted or replaced during the call", context, error);
    }
    // The folder was made before and is missing now, so the whole root may be gone.
    await disk.root.confirmPrepared(root, context);
    throw failure("Unavailable", "a folder disappeared during the write", context, error);
  }
}

export async function assertOutside(
  root: Root,
  context: FailureContext & { readonly key: string },
): Promise<void> {
  if (!mayBeInner(root, context.key) || !(await isInner(root, context.key))) return;
  throw failure(
    "Unsupported",
    "a parent folder of the key is the private folder of a different root",
    context,
  );
}

/**
 * Turns a finished temporary file into the object. Writes the facts first, and then moves the bytes into place. The
 * object becomes visible at that moment.
 */
export async function commit(
  disk: Disk,
  root: Root,
  temporary: Temporary,
  { key, facts, conditions, context }: Commit,
): Promise<ObjectInfo> {
  const { folder, name } = disk.places.file(root, key);
  if (conditions.ifNoneMatch !== "*") await keepModeOf(root, temporary, name);
  const { generation, sample } = await seal(disk, root, temporary, key, facts !== undefined);
  let shown: BigIntStats = generation;
  await disk.lock.run(key, async () => {
    conditions.signal?.throwIfAborted();
    const hadFacts = await root.sidecars.has(key);
    if (facts !== undefined) await root.sidecars.write({ key, generation, facts, sample }, disk.durable);
    let old: BigIntStats | undefined;
    try {
      await inFolder(root.directories, folder, true, async (directory) => {
        if (hadFacts || conditions.ifMatch !== undefined) old = await factsAt(directory, name);
        if (conditions.ifMatch !== undefined) assertMatch(old, conditions.ifMatch, context);
        const clear = (): Promise<boolean> => removeEmpty(root.directories, joinPath(folder, name));
        const { beforeCommit } = conditions;
        const target = { path: directory.start + name, clear, beforeCommit };
        if (conditions.ifNoneMatch !== "*") await renameIntoPlace(temporary.path, target);
        else {
          await linkIntoPlace(temporary.path, target, context);
          // The object is there. If the file's temporary name cannot be removed now, a later sweep removes that name.
          await unlink(temporary.path).catch(() => {});
        }
        temporary.moved();
        if (disk.durable) await syncFolder(directory, context);
        if (!root.isLocal) shown = await numbered(directory, name, generation);
      });
    } catch (error) {
      if (temporary.isMoved()) throw error;
      // The rename or link failed, but the bytes may be in place. So the facts of these bytes have to stay.
      if (isCommitting(error) && isAmbiguous(error)) throw toLocalError(error, context, "unknown");
      await undo(root, folder, key, facts === undefined ? undefined : generation);
      throw error;
    }
    if (hadFacts) await forgetFacts(root, key, old, generation);
  });
  return await infoOf(disk, key, shown, facts);
}

/**
 * Returns the facts of a file that was moved into place. Some network file systems change the inode number of a file
 * when the file is renamed.
 */
async function numbered(directory: Directory, name: string, generation: BigIntStats): Promise<BigIntStats> {
  const found = await factsAt(directory, name).catch(() => undefined);
  const isSame = found?.size === generation.size && found.mtimeNs === generation.mtimeNs;
  return isSame ? found : generation;
}

const PERMISSIONS = 0o777n;

async function keepModeOf(root: Root, temporary: Temporary, name: string): Promise<void> {
  const path = temporary.path.slice(0, temporary.path.lastIndexOf("/") + 1) + name;
  const old = root.isLocal ? lookNow(path) : await lstat(path).catch(() => undefined);
  await keepMode(temporary.fd, temporary.path, old);
}

/**
 * Gives a file the permissions of the file that it replaces. Users who could read the old file can therefore read the new one.
 */
export async function keepMode(fd: number, path: string, old: BigIntStats | undefined): Promise<void> {
  if (old?.isFile() !== true) return;
  const kept = keptMode(await factsOf(fd, true), old);
  if (kept !== undefined) await changeMode(fd, path, kept);
}

/** Returns the permissions that a file has to get from the file that it replaces. Returns `undefined` if it has them. */
export function keptMode({ mode }: BigIntStats, old: BigIntStats | undefined): number | undefined {
  if (old?.isFile() !== true) return undefined;
  const kept = old.mode & PERMISSIONS;
  return kept === (mode & PERMISSIONS) ? undefined : Number(kept);
}

/** Tells whether an error comes from the step that makes the object visible. */
export function isCommitting(error: unknown): boolean {
  const { syscall } = Object(error) as { readonly syscall?: unknown };
  return syscall === "rename" || syscall === "link";
}

/** Removes the facts and the empty folders of an object after its write has failed. */
export async function undo(
  root: Root,
  folder: string,
  key: string,
  generation: Generation | undefined,
): Promise<void> {
  if (generation !== undefined) await forgetFacts(root, key, generation, "unknown");
  root.directories.prune(folder, root.layout.base);
}

/**
 * Returns the facts of an object that was copied or moved. The write id of the source is left out, because it
 * identifies the write that made the source. The content type is recorded if the extension of the new name stands for a
 * different type.
 */
export async function factsForTarget(
  from: string,
  to: string,
  facts: Facts | undefined,
  writeId: string | undefined,
): Promise<Facts | undefined> {
  const [before, after] = [await contentTypeOf(from), await contentTypeOf(to)];
  const contentType = facts?.contentType ?? before;
  const copied: Facts = {
    ...headersOf(facts ?? {}),
    contentType: contentType === after ? undefined : contentType,
    metadata: facts?.metadata,
    writeId,
  };
  return Object.values(copied).every((value) => value === undefined) ? undefined : copied;
}

/**
 * Removes sidecars that no version needs. Ignores a failure, because a sidecar that is left behind does no harm: no
 * version uses it.
 */
export async function forgetFacts(
  root: Root,
  key: string,
  gone: Generation | undefined,
  current: Current,
): Promise<void> {
  await root.sidecars.remove(key, gone, current).catch(() => {});
}

/** Returns the facts of the file under a name, or `undefined` if there is no such file. */
export async function factsAt(directory: Directory, name: string): Promise<BigIntStats | undefined> {
  try {
    const facts = await lstat(directory.start + name);
    return facts.isFile() ? facts : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT" && !directory.isGone()) return undefined;
    throw error;
  }
}

/**
 * Returns the facts of the file under a name that was just used. On a disk of this machine they are in memory, so the
 * answer comes without a trip to a thread.
 */
export function hotFactsAt(
  { isLocal }: Root,
  directory: Directory,
  name: string,
): BigIntStats | undefined | Promise<BigIntStats | undefined> {
  if (!isLocal) return factsAt(directory, name);
  const facts = lookNow(directory.start + name);
  return facts?.isFile() === true ? facts : undefined;
}

export function assertMatch(facts: BigIntStats | undefined, ifMatch: string, context: FailureContext): void {
  const etag = facts === undefined ? undefined : etagOf(facts);
  if (etag === ifMatch) return;
  const reason =
    etag === undefined
      ? `there is no object with the ETag ${ifMatch}`
      : `the object's ETag is ${etag}, not ${ifMatch}`;
  throw failure("PreconditionFailed", reason, context);
}

/** The place where a file becomes an object. */
export interface Target {
  readonly path: string;
  /**
   * Removes the folder in this place if there is no object in the folder. Returns `false` if there is an object in the
   * folder.
   */
  readonly clear: () => Promise<boolean>;
  readonly beforeCommit: (() => void) | undefined;
}

/** Renames a file so that it becomes the object in this place. Replaces an object that is already there. */
export function renameIntoPlace(from: string, target: Target): Promise<void> {
  return intoPlace(target, "EISDIR", () => rename(from, target.path));
}

/**
 * Gives a file a second name in the place of an object. Uses `link` and not `rename`. If the place is taken, `link` fails, but
 * `rename` would replace the old file.
 */
export function linkIntoPlace(from: string, target: Target, context: FailureContext): Promise<void> {
  return intoPlace(target, "EEXIST", async () => {
    try {
      await link(from, target.path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || (await lstat(target.path)).isDirectory()) throw error;
      throw failure("AlreadyExists", "the key already has an object", context, error);
    }
  });
}

/**
 * Runs the step that makes an object visible. If a folder without objects is in the way, removes the folder and tries
 * the step again.
 */
async function intoPlace(
  { clear, beforeCommit }: Target,
  taken: string,
  step: () => Promise<void>,
): Promise<void> {
  beforeCommit?.();
  try {
    await step();
  } catch (error) {
    if (codeOf(error) !== taken) throw error;
    if (!(await clear()))
      throw Object.assign(new Error("The key is a folder", { cause: error }), { code: "EISDIR" });
    beforeCommit?.();
    await step();
  }
}

/** Waits until the folder's new entry is on the disk. */
export async function syncFolder(directory: Directory, context: FailureContext): Promise<void> {
  try {
    await syncDirectory(directory);
  } catch (error) {
    const reason = "the folder was changed, but could not be synced";
    throw new StorageError("Unavailable", reason, {
      ...context,
      applied: "unknown",
      retryable: false,
      cause: error,
    });
  }
}
