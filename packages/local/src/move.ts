import type { CopyOptions, KeyLock, ObjectInfo } from "@stowage/core/provider";
import type { BigIntStats } from "node:fs";
import {
  assertMatch,
  assertOutside,
  factsAt,
  factsForTarget,
  forgetFacts,
  hotFactsAt,
  isCommitting,
  keepMode,
  keptMode,
  linkIntoPlace,
  renameIntoPlace,
  syncFolder,
  undo,
  type Target,
} from "./commit.js";
import { copyObject } from "./copy.js";
import { deleteObject } from "./delete.js";
import { READ_FLAGS, inFolder, joinPath, type Directory } from "./directories.js";
import { infoOf, type Disk } from "./disk.js";
import { failure, isAbort, isMissing, maybeOfRoot, toLocalError, type FailureContext } from "./errors.js";
import type { Facts } from "./facts.js";
import { etagOf } from "./generation.js";
import { headObject, lookUp, sampleOfKey } from "./head.js";
import type { Root } from "./opened-root.js";
import { removeEmpty } from "./pruning.js";
import { close, codeOf, open, unlink } from "./system.js";
import { isAmbiguous } from "./system-errors.js";

/** The maximum number of times that a source may be replaced between the check and the move. */
const LOOKS_MAX = 30;

/** A move of one version of the source. */
interface Move {
  readonly from: string;
  readonly to: string;
  readonly options: CopyOptions;
  readonly context: FailureContext & { readonly key: string };
  /** The version of the source that was checked. */
  readonly generation: BigIntStats;
  /** The facts that are recorded for the object under its new key. */
  readonly facts: Facts | undefined;
}

/**
 * Renames the file of an object, whatever its size. At every moment the object exists under its old or its new key. The
 * file keeps its modification time. If files cannot be renamed between the file systems of the two folders, copies the
 * bytes.
 */
export async function moveObject(
  disk: Disk,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { signal, sourceIfMatch, writeId } = options;
  const reading: FailureContext = { operation: "move", provider: disk.name, key: from, signal };
  const context = { operation: "move", provider: disk.name, key: to, signal } as const;
  if (from === to) return await headObject(disk, from, { signal });
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const source = await lookUp(disk, from, reading);
    const { generation } = source;
    try {
      if (sourceIfMatch !== undefined) assertMatch(generation, sourceIfMatch, reading);
      const facts = await factsForTarget(from, to, source.facts, writeId);
      const moved = await moveVersion(disk, { from, to, options, context, generation, facts });
      if (moved !== undefined) return await infoOf(disk, to, moved.shown, moved.facts);
    } catch (error) {
      if (codeOf(error) !== "EXDEV") throw toLocalError(error, context);
      return await copyAndDelete(disk, from, to, { ...options, sourceIfMatch: etagOf(generation) });
    }
  }
  throw failure("Unavailable", "the object is replaced again and again", reading);
}

async function copyAndDelete(
  disk: Disk,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const info = await copyObject(disk, from, to, options);
  await deleteObject(disk, from, { signal: options.signal, ifMatch: options.sourceIfMatch });
  return info;
}

/** Moves one version. Returns `undefined` if the source has been replaced in the meantime. */
async function moveVersion(disk: Disk, move: Move): Promise<Moved | undefined> {
  const { context, from, to, options } = move;
  const root = await disk.root.openForWriting(context);
  try {
    disk.places.assertHeld(root, to, context.operation);
    await assertOutside(root, context);
    return await both(disk.lock, from, to, async () => {
      options.signal?.throwIfAborted();
      const hadFacts = await root.sidecars.has(to);
      const { generation, facts } = move;
      if (facts !== undefined) {
        const sample = await sampleOfKey(disk, root, from, generation);
        // The source has another version by now. This version may already be under the new key, with its facts.
        if (sample === undefined) return undefined;
        await root.sidecars.write({ key: to, generation, facts, sample }, disk.durable);
      }
      // Without this call, a later version of this key could get the same time as the moved version. The two versions
      // would then look the same.
      disk.generations.distinct(to, generation, () => undefined);
      const moved = await place(disk, root, move);
      if (moved === undefined) return undefined;
      if (hadFacts) await forgetFacts(root, to, moved.old, moved.shown);
      return etagOf(moved.shown) === etagOf(generation) ? moved : await otherMoved(disk, root, move, moved);
    });
  } catch (error) {
    if (isAbort(error, context) || !maybeOfRoot(error) || codeOf(error) === "EXDEV") throw error;
    // The next attempt finds out which of the two files is missing.
    if (codeOf(error) === "ENOENT") return undefined;
    if (!(await disk.root.confirm(root, context))) throw error;
    throw failure("Unavailable", "the root was unmounted or replaced during the call", context, error);
  }
}

/**
 * Runs work while two keys are locked. All calls lock the two keys in the same order, so they cannot block each other
 * forever.
 */
function both<T>(lock: KeyLock, one: string, other: string, work: () => Promise<T>): Promise<T> {
  const [first, second] = one < other ? [one, other] : [other, one];
  return lock.run(first, () => lock.run(second, work));
}

/** The outcome of a move. */
interface Moved {
  /** The version that the move replaced. */
  readonly old: BigIntStats | undefined;
  /** The object's version under its new key. */
  readonly shown: BigIntStats;
  readonly facts: Facts | undefined;
}

/**
 * Records the facts of the version that was moved, if that version is not the one that was checked. Either a different
 * process has replaced the source in the meantime, or a network file system has changed the inode number of the file.
 */
async function otherMoved(disk: Disk, root: Root, move: Move, moved: Moved): Promise<Moved> {
  const { from, to, options } = move;
  const generation = moved.shown;
  const found = await root.sidecars.find(from, generation, async () => undefined);
  const facts = found.facts ? await factsForTarget(from, to, found.facts, options.writeId) : move.facts;
  if (facts !== undefined) {
    await root.sidecars.write({ key: to, generation, facts, sample: undefined }, disk.durable);
  }
  return { ...moved, facts };
}

async function place(disk: Disk, root: Root, move: Move): Promise<Moved | undefined> {
  const { from, to, context, facts, generation } = move;
  const [source, target] = [disk.places.file(root, from), disk.places.file(root, to)];
  let isPlaced = false;
  try {
    const moved = await inFolder(root.directories, source.folder, false, (origin) =>
      inFolder(root.directories, target.folder, true, async (directory) => {
        const old = await factsAt(directory, target.name);
        const now = await hotFactsAt(root, origin, source.name);
        if (now === undefined || etagOf(now) !== etagOf(generation)) return undefined;
        const clear = (): Promise<boolean> =>
          removeEmpty(root.directories, joinPath(target.folder, target.name));
        const path = origin.start + source.name;
        const { beforeCommit } = move.options;
        await rename(move, path, { path: directory.start + target.name, clear, beforeCommit }, old);
        isPlaced = true;
        if (move.options.ifNoneMatch === "*") await unlink(path);
        if (disk.durable) await syncBoth(directory, origin, context);
        return { old, shown: (await hotFactsAt(root, directory, target.name)) ?? now, facts };
      }),
    );
    if (moved === undefined) throw new Replaced();
    await forgetFacts(root, from, generation, "none");
    root.directories.prune(source.folder, root.layout.base);
    return moved;
  } catch (error) {
    if (isPlaced || (isCommitting(error) && isAmbiguous(error)))
      throw toLocalError(error, context, "unknown");
    const isUnused = facts !== undefined && !(await isThere(root, target, generation));
    await undo(root, target.folder, to, isUnused ? generation : undefined);
    if (error instanceof Replaced) return undefined;
    throw error;
  }
}

/** Tells whether a key's file has this version, or may have it. A move that was broken off leaves it under both keys. */
async function isThere(
  root: Root,
  { folder, name }: { readonly folder: string; readonly name: string },
  generation: BigIntStats,
): Promise<boolean> {
  try {
    const found = await inFolder(root.directories, folder, false, (directory) => factsAt(directory, name));
    return found !== undefined && etagOf(found) === etagOf(generation);
  } catch (error) {
    return !isMissing(error);
  }
}

/** The error for a source that has been replaced in the meantime. */
class Replaced extends Error {}

/** Gives the file its new name. With `ifNoneMatch: "*"` the file keeps its old name as well. */
async function rename(
  { generation, options, context }: Move,
  path: string,
  target: Target,
  old: BigIntStats | undefined,
): Promise<void> {
  if (options.ifNoneMatch === "*") return await linkIntoPlace(path, target, context);
  await keepModeAt(path, generation, old);
  // If both names belong to the same file, `rename` does nothing, and both names stay.
  if (old?.ino !== generation.ino) return await renameIntoPlace(path, target);
  target.beforeCommit?.();
  await unlink(path);
}

/** Gives a file the permissions of the file that it replaces. */
async function keepModeAt(path: string, own: BigIntStats, old: BigIntStats | undefined): Promise<void> {
  if (keptMode(own, old) === undefined) return;
  const fd = await open(path, READ_FLAGS);
  try {
    await keepMode(fd, path, old);
  } finally {
    await close(fd);
  }
}

async function syncBoth(target: Directory, origin: Directory, context: FailureContext): Promise<void> {
  await syncFolder(target, context);
  if (origin.start !== target.start) await syncFolder(origin, context);
}
