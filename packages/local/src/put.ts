import { StorageError, contentTypeOf, type Body, type ObjectInfo, type PutOptions } from "@stowage/core";
import type { BigIntStats } from "node:fs";
import { infoOf, type Disk } from "./disk.js";
import { inFolder, syncDirectory, type Directory } from "./directories.js";
import { failure, toLocalError, type FailureContext } from "./errors.js";
import { etagOf } from "./generation.js";
import type { Root } from "./root.js";
import { factsOf, type Facts } from "./sidecars.js";
import { codeOf, fsync, link, lstat, rename, rmdir, unlink } from "./system.js";
import type { Temporary } from "./temporaries.js";
import { writeBody } from "./write-body.js";

/** What a finished temporary file is to become. */
export interface Commit {
  readonly key: string;
  readonly facts: Facts | undefined;
  readonly conditions: Pick<PutOptions, "ifMatch" | "ifNoneMatch" | "signal">;
  readonly context: FailureContext;
}

export async function putObject(disk: Disk, key: string, body: Body, options: PutOptions): Promise<ObjectInfo> {
  const { signal } = options;
  const context: FailureContext = { operation: "put", provider: disk.name, key };
  signal?.throwIfAborted();
  return await writing(disk, context, async (root, temporary) => {
    disk.places.file(root, key, "put");
    await writeBody(temporary, body, options);
    const facts = await recorded(key, options);
    return await commit(disk, root, temporary, { key, facts, conditions: options, context });
  });
}

/** Runs a write with a temporary file that is gone afterwards in any case. */
export async function writing<T>(
  disk: Disk,
  context: FailureContext,
  write: (root: Root, temporary: Temporary) => Promise<T>,
): Promise<T> {
  let root: Root | undefined;
  try {
    root = await disk.root.openForWriting(context);
    if (context.key !== undefined) disk.places.file(root, context.key, context.operation);
    const temporary = await root.temporaries.create(disk.fileMode);
    try {
      return await write(root, temporary);
    } finally {
      await temporary.discard();
    }
  } catch (error) {
    if (root === undefined || codeOf(error) !== "ENOENT") throw toLocalError(error, context);
    // A folder that is missing although it was made: has the whole root gone?
    await disk.root.confirm(root, context);
    throw failure("Unavailable", "a folder went away while it was written to", context, error);
  }
}

/** What has to be written beside the file, or `undefined` when the file says it all. */
async function recorded(key: string, options: PutOptions): Promise<Facts | undefined> {
  const { cacheControl, contentDisposition, metadata, writeId } = options;
  const guessed = await contentTypeOf(key);
  const facts: Facts = {
    contentType: options.contentType === guessed ? undefined : options.contentType,
    cacheControl,
    contentDisposition,
    metadata: metadata === undefined || Object.keys(metadata).length === 0 ? undefined : metadata,
    writeId,
  };
  return Object.values(facts).every((value) => value === undefined) ? undefined : facts;
}

/** Makes a finished temporary file the object: first its facts, then, as the one moment that counts, its bytes. */
export async function commit(
  disk: Disk,
  root: Root,
  temporary: Temporary,
  { key, facts, conditions, context }: Commit,
): Promise<ObjectInfo> {
  if (disk.durable) await fsync(temporary.fd);
  const generation = disk.generations.distinct(temporary.fd, await factsOf(temporary.fd, root.isLocal));
  await temporary.close();
  conditions.signal?.throwIfAborted();
  await disk.lock.run(key, async () => {
    const { folder, name } = disk.places.file(root, key, context.operation);
    const hadFacts = await root.sidecars.has(key);
    if (facts !== undefined) await root.sidecars.write(key, generation, facts, disk.durable);
    let old: BigIntStats | undefined;
    try {
      await inFolder(root.directories, folder, true, async (directory) => {
        if (hadFacts || conditions.ifMatch !== undefined) old = await factsAt(directory.start + name);
        if (conditions.ifMatch !== undefined) assertMatch(old, conditions.ifMatch, context);
        await moveIntoPlace(directory, name, temporary, conditions.ifNoneMatch, context);
        await syncFolder(disk, directory, context);
      });
    } catch (error) {
      if (facts !== undefined && !temporary.isMoved()) await root.sidecars.remove(key, generation, undefined);
      throw error;
    }
    if (hadFacts) await root.sidecars.remove(key, old, generation);
  });
  return await infoOf(disk, key, generation, facts);
}

/** The facts of the file under a name, or `undefined` when there is none. */
export async function factsAt(path: string): Promise<BigIntStats | undefined> {
  try {
    const facts = await lstat(path);
    return facts.isFile() ? facts : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

export function assertMatch(facts: BigIntStats | undefined, ifMatch: string, context: FailureContext): void {
  const etag = facts === undefined ? undefined : etagOf(facts);
  if (etag === ifMatch) return;
  const found = etag === undefined ? "there is no object" : `the object's ETag is ${etag}`;
  throw failure("PreconditionFailed", `${found}, not ${ifMatch}`, context);
}

async function moveIntoPlace(
  directory: Directory,
  name: string,
  temporary: Temporary,
  ifNoneMatch: "*" | undefined,
  context: FailureContext,
): Promise<void> {
  const target = directory.start + name;
  if (ifNoneMatch === "*") return await linkIntoPlace(target, temporary, context);
  try {
    await rename(temporary.path, target);
  } catch (error) {
    if (codeOf(error) !== "EISDIR") throw error;
    await clearEmptyFolder(target, error);
    await rename(temporary.path, target);
  }
  temporary.moved();
}

/** `link` fails when there is something already, which `rename` cannot be told to do. */
async function linkIntoPlace(target: string, temporary: Temporary, context: FailureContext): Promise<void> {
  try {
    await link(temporary.path, target);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    const facts = await lstat(target);
    if (!facts.isDirectory()) throw failure("AlreadyExists", "the key has an object", context, error);
    await clearEmptyFolder(target, Object.assign(new Error("The key is a folder"), { code: "EISDIR" }));
    await link(temporary.path, target);
  }
  await unlink(temporary.path);
  temporary.moved();
}

/** A folder that holds nothing is no object's, so it does not stand in the way. */
async function clearEmptyFolder(path: string, error: unknown): Promise<void> {
  try {
    await rmdir(path);
  } catch {
    throw error;
  }
}

/** Waits until the folder's new entry is on the disk. */
export async function syncFolder(disk: Disk, directory: Directory, context: FailureContext): Promise<void> {
  if (!disk.durable) return;
  try {
    await syncDirectory(directory);
  } catch (error) {
    const reason = "the folder could not be synced after it was changed";
    throw new StorageError("Unavailable", reason, { ...context, applied: "unknown", retryable: false, cause: error });
  }
}
