import type { HeadOptions, ObjectInfo } from "@stowage/core/provider";
import type { BigIntStats } from "node:fs";
import { infoOf, type Disk } from "./disk.js";
import { READ_FLAGS, inFolder, type Directory } from "./directories.js";
import type { FailureContext } from "./errors.js";
import type { Facts } from "./facts.js";
import { etagOf } from "./generation.js";
import { lookAt } from "./look.js";
import type { Root } from "./opened-root.js";
import { sampleOf } from "./sample.js";
import { close, fstat, lstat, open } from "./system.js";

export async function headObject(disk: Disk, key: string, { signal }: HeadOptions): Promise<ObjectInfo> {
  const { generation, facts } = await lookUp(disk, key, {
    operation: "head",
    provider: disk.name,
    key,
    signal,
  });
  return await infoOf(disk, key, generation, facts);
}

/** A version of an object, with the facts that the file does not show. */
export interface FoundVersion {
  readonly generation: BigIntStats;
  readonly facts: Facts | undefined;
}

/** Returns the present version of an object. Does not open the file. */
export function lookUp(disk: Disk, key: string, context: FailureContext): Promise<FoundVersion> {
  return lookAt(disk, key, context, (root) => lookOnce(disk, root, key));
}

/**
 * Returns a version of an object. Returns `undefined` if the file was replaced in the meantime, because the facts of
 * the old file may have been removed.
 */
async function lookOnce(disk: Disk, root: Root, key: string): Promise<FoundVersion | undefined> {
  const { folder, name } = disk.places.file(root, key);
  const look = ({ start }: Directory): Promise<BigIntStats> => lstat(start + name);
  const generation = await inFolder(root.directories, folder, false, look);
  assertFile(generation);
  const sample = (): Promise<string | undefined> => sampleOfKey(disk, root, key, generation);
  const { facts, certain } = await root.sidecars.find(key, generation, sample);
  if (certain) return { generation, facts };
  const now = await inFolder(root.directories, folder, false, look);
  return etagOf(now) === etagOf(generation) ? { generation, facts } : undefined;
}

/** Returns the sample of a version. Returns `undefined` if the key no longer has this version. */
export function sampleOfKey(
  disk: Disk,
  root: Root,
  key: string,
  generation: BigIntStats,
): Promise<string | undefined> {
  const { folder, name } = disk.places.file(root, key);
  return inFolder(root.directories, folder, false, ({ start }) => sampleAt(start + name, generation));
}

async function sampleAt(path: string, generation: BigIntStats): Promise<string | undefined> {
  const fd = await open(path, READ_FLAGS);
  try {
    const isSame = etagOf(await fstat(fd)) === etagOf(generation);
    return isSame ? await sampleOf(fd, Number(generation.size), false) : undefined;
  } finally {
    await close(fd);
  }
}

/**
 * Throws an error with the system's error code if the facts belong to a folder or a symbolic link instead of a file.
 */
function assertFile(facts: BigIntStats): void {
  if (facts.isFile()) return;
  throw Object.assign(new Error("Not a file"), { code: facts.isSymbolicLink() ? "ELOOP" : "EISDIR" });
}
