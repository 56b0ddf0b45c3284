import { type CopyOptions, type ObjectInfo } from "@stowage/core/provider";
import fs from "node:fs";
import { changeMode } from "./directories.js";
import type { Disk } from "./disk.js";
import type { FailureContext } from "./errors.js";
import { openObject, type OpenFile } from "./get.js";
import { assertMatch, commit, factsForTarget, writing } from "./commit.js";
import type { Root } from "./opened-root.js";
import { closeRead, copyFile, openNow, readFully, unlink, writeFully } from "./system.js";
import { makeFile, type MakeFile, type Temporary } from "./temporaries.js";
import { clone } from "./write-body.js";

const BLOCK_BYTES = 1024 * 1024;

/** The size, in bytes, up to which a file is copied with a single call. The call can be neither aborted nor observed. */
const AT_ONCE_BYTES = 1024 * 1024;

/** All bits that `chmod` sets. */
const PERMISSIONS = 0o7777n;

/** Copies a file. Clones the file if the file system can do so. Otherwise copies the file block by block. */
export async function copyObject(
  disk: Disk,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { signal, sourceIfMatch, writeId } = options;
  signal?.throwIfAborted();
  const reading: FailureContext = { operation: "copy", provider: disk.name, key: from, signal };
  const source = await openObject(disk, from, reading);
  const context = { operation: "copy", provider: disk.name, key: to, signal } as const;
  try {
    if (sourceIfMatch !== undefined) assertMatch(source.generation, sourceIfMatch, reading);
    let isCopied = false;
    const make: MakeFile = async (path, mode) => {
      const fd = await copyAtOnce(source, path, mode);
      isCopied = fd !== undefined;
      return fd ?? (await makeFile(path, mode));
    };
    const write = async (root: Root, temporary: Temporary): Promise<ObjectInfo> => {
      if (!isCopied) await copyBytes(source, temporary, options);
      const facts = await factsForTarget(from, to, source.facts, writeId);
      return await commit(disk, root, temporary, { key: to, facts, conditions: options, context });
    };
    return await writing(disk, context, write, make);
  } finally {
    closeRead(source.fd, Number(source.generation.size), source.isLocal);
  }
}

/**
 * Copies a small file with a single call, which also makes the target. On a disk of this machine the target is then
 * opened without waiting, because it is in memory.
 *
 * @returns The descriptor of the target; `undefined` if nothing was made, and the file has to be copied block by block.
 */
async function copyAtOnce(
  { fd, generation, isLocal }: OpenFile,
  path: string,
  mode: number,
): Promise<number | undefined> {
  if (process.platform !== "linux" || !isLocal || generation.size > AT_ONCE_BYTES) return undefined;
  // The copy has the permissions of the source at first. Nobody may have more rights than the copy gives in the end.
  if ((Number(generation.mode & PERMISSIONS) & ~mode) !== 0) return undefined;
  try {
    await copyFile(`/proc/self/fd/${fd}`, path);
  } catch {
    // The call has removed what it made. Copying block by block works too, or reports what is wrong.
    return undefined;
  }
  let copy: number | undefined;
  try {
    copy = openNow(path);
    const made = fs.fstatSync(copy, { bigint: true });
    if (made.size !== generation.size) throw new Error("The file was changed meanwhile");
    if (Number(made.mode & PERMISSIONS) !== mode) await changeMode(copy, path, mode);
    return copy;
  } catch {
    if (copy !== undefined) fs.closeSync(copy);
    await unlink(path);
    return undefined;
  }
}

async function copyBytes(
  { fd, generation }: OpenFile,
  temporary: Temporary,
  { signal }: CopyOptions,
): Promise<void> {
  const size = Number(generation.size);
  if (await clone(temporary, `/proc/self/fd/${fd}`, size)) return;
  const block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, Math.max(1, size)));
  for (let done = 0; done < size;) {
    signal?.throwIfAborted();
    const count = await readFully(fd, block, 0, Math.min(block.byteLength, size - done), done);
    if (count === 0)
      throw Object.assign(new Error("The file became shorter while it was copied"), { code: "EIO" });
    await writeFully(temporary.fd, block, count, done);
    done += count;
  }
}
