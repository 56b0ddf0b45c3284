import type { HeadOptions, ObjectInfo } from "@stowage/core";
import type { BigIntStats } from "node:fs";
import { infoOf, type Disk } from "./disk.js";
import { inFolder } from "./directories.js";
import type { FailureContext } from "./errors.js";
import { etagOf } from "./generation.js";
import { lookAt } from "./look.js";
import type { Root } from "./root.js";
import { lstat } from "./system.js";

export async function headObject(disk: Disk, key: string, { signal }: HeadOptions): Promise<ObjectInfo> {
  const context: FailureContext = { operation: "head", provider: disk.name, key, signal };
  signal?.throwIfAborted();
  return await lookAt(disk, key, context, (root) => headOnce(disk, root, key));
}

/** `undefined` when the file was replaced in between, and its facts may be gone with it. */
async function headOnce(disk: Disk, root: Root, key: string): Promise<ObjectInfo | undefined> {
  const generation = await fileFacts(disk, root, key);
  const found = root.sidecars.find(key, generation);
  const { facts, certain } = found instanceof Promise ? await found : found;
  if (certain) return infoOf(disk, key, generation, facts);
  const now = await fileFacts(disk, root, key);
  return etagOf(now) === etagOf(generation) ? infoOf(disk, key, generation, facts) : undefined;
}

/** The facts of a key's file; anything that is not a plain file is an error of the system's kind. */
async function fileFacts(disk: Disk, root: Root, key: string): Promise<BigIntStats> {
  const { folder, name } = disk.places.file(root, key);
  const facts = await inFolder(root.directories, folder, false, ({ start }) => lstat(start + name));
  if (facts.isFile()) return facts;
  const link = facts.isSymbolicLink();
  throw Object.assign(new Error("Not a file"), { code: link ? "ELOOP" : "EISDIR" });
}
