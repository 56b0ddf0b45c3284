import type { HeadOptions, ObjectInfo } from "@stowage/core/provider";
import type { BigIntStats } from "node:fs";
import { infoOf, type Disk } from "./disk.js";
import { READ_FLAGS, inFolder, type Directory } from "./directories.js";
import type { FailureContext } from "./errors.js";
import { etagOf } from "./generation.js";
import { lookAt } from "./look.js";
import type { Root } from "./opened-root.js";
import { sampleOf } from "./sample.js";
import { close, fstat, lstat, open } from "./system.js";

export function headObject(disk: Disk, key: string, { signal }: HeadOptions): Promise<ObjectInfo> {
  const context: FailureContext = { operation: "head", provider: disk.name, key, signal };
  return lookAt(disk, key, context, (root) => headOnce(disk, root, key));
}

/**
 * Returns the facts of an object. Returns `undefined` if the file was replaced in the meantime, because the facts of
 * the old file may have been removed.
 */
async function headOnce(disk: Disk, root: Root, key: string): Promise<ObjectInfo | undefined> {
  const { folder, name } = disk.places.file(root, key);
  const look = ({ start }: Directory): Promise<BigIntStats> => lstat(start + name);
  const generation = await inFolder(root.directories, folder, false, look);
  assertFile(generation);
  const sample = (): Promise<string | undefined> =>
    inFolder(root.directories, folder, false, ({ start }) => sampleAt(start + name, generation));
  const { facts, certain } = await root.sidecars.find(key, generation, sample);
  if (certain) return await infoOf(disk, key, generation, facts);
  const now = await inFolder(root.directories, folder, false, look);
  return etagOf(now) === etagOf(generation) ? await infoOf(disk, key, generation, facts) : undefined;
}

/** Returns the sample of a file. Returns `undefined` if the file is no longer the given version. */
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
