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

/** Returns the facts of an object; `undefined` when its file was replaced in between, because its facts may be gone with it. */
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

/** Returns the sample of a file; `undefined` when the file is another version than the given one. */
async function sampleAt(path: string, generation: BigIntStats): Promise<string | undefined> {
  const fd = await open(path, READ_FLAGS);
  try {
    const isSame = etagOf(await fstat(fd)) === etagOf(generation);
    return isSame ? await sampleOf(fd, Number(generation.size), false) : undefined;
  } finally {
    await close(fd);
  }
}

/** Throws an error of the system's kind when the facts are not those of a plain file. */
function assertFile(facts: BigIntStats): void {
  if (facts.isFile()) return;
  throw Object.assign(new Error("Not a file"), { code: facts.isSymbolicLink() ? "ELOOP" : "EISDIR" });
}
