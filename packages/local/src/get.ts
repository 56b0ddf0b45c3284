import { resolveRange, type GetOptions, type GetResult } from "@stowage/core/provider";
import type { BigIntStats } from "node:fs";
import { infoOf, type Disk } from "./disk.js";
import { READ_FLAGS, inFolder, type Directory } from "./directories.js";
import { failure, toLocalError, type FailureContext } from "./errors.js";
import { FileStream } from "./file-stream.js";
import { lookAt } from "./look.js";
import { assertMatch, factsAt } from "./commit.js";
import type { Root } from "./opened-root.js";
import type { Facts } from "./facts.js";
import { sampleOf } from "./sample.js";
import { close, closeRead, factsOf, open, readFully, readOnce } from "./system.js";

/**
 * The size, in bytes, up to which objects and ranges are read completely before the call returns. The file is closed
 * before the call returns.
 */
const SMALL_BYTES = 128 * 1024;

/** An open file, with the facts of the version that is open. */
export interface OpenFile {
  readonly fd: number;
  readonly generation: BigIntStats;
  readonly facts: Facts | undefined;
  /** True if the file is on a disk of this machine. */
  readonly isLocal: boolean;
}

export async function getObject(disk: Disk, key: string, options: GetOptions): Promise<GetResult> {
  const { signal } = options;
  const context: FailureContext = { operation: "get", provider: disk.name, key, signal };
  const file = await openObject(disk, key, context);
  let handedOver = false;
  try {
    if (options.ifMatch !== undefined) assertMatch(file.generation, options.ifMatch, context);
    const info = await infoOf(disk, key, file.generation, file.facts);
    const range =
      options.range === undefined
        ? undefined
        : resolveRange(options.range, info.size, { key, provider: disk.name });
    const { offset, length } = range ?? { offset: 0, length: info.size };
    signal?.throwIfAborted();
    if (length <= SMALL_BYTES)
      return { info, range, body: await readSmall(file.fd, offset, length, context) };
    handedOver = true;
    return { info, range, body: new FileStream(file.fd, { offset, length }, context), isFile: true };
  } catch (error) {
    throw toLocalError(error, context);
  } finally {
    if (!handedOver) closeRead(file.fd, Number(file.generation.size), file.isLocal);
  }
}

async function readSmall(
  fd: number,
  offset: number,
  length: number,
  context: FailureContext,
): Promise<Uint8Array> {
  if (length === 0) return new Uint8Array(0);
  const bytes = Buffer.allocUnsafeSlow(length);
  const first = await readOnce(fd, bytes, 0, length, offset);
  if (first === length) return bytes;
  const rest = first === 0 ? 0 : await readFully(fd, bytes, first, length - first, offset + first);
  if (first + rest === length) return bytes;
  throw failure("Integrity", "the file became shorter while it was read", context);
}

/**
 * Opens the file of a key, and finds the facts of that version.
 *
 * @throws StorageError `NotFound` if there is no file; `PermissionDenied` if a symbolic link is in its place.
 */
export function openObject(disk: Disk, key: string, context: FailureContext): Promise<OpenFile> {
  return lookAt(disk, key, context, (root) => openOnce(disk, root, key));
}

/**
 * Opens the file of a key. Returns `undefined` if the file was replaced in the meantime, because the facts of the old
 * file may have been removed.
 */
async function openOnce(disk: Disk, root: Root, key: string): Promise<OpenFile | undefined> {
  const { folder, name } = disk.places.file(root, key);
  const fd = await inFolder(root.directories, folder, false, ({ start }) => open(start + name, READ_FLAGS));
  try {
    const generation = await factsOf(fd, root.isLocal);
    if (!generation.isFile()) throw Object.assign(new Error("Not a file"), { code: "EISDIR" });
    const { facts, certain } = await root.sidecars.find(key, generation, () =>
      sampleOf(fd, Number(generation.size), false),
    );
    if (certain || (await isInPlace(disk, root, key, generation))) {
      return { fd, generation, facts, isLocal: root.isLocal };
    }
    await close(fd);
    return undefined;
  } catch (error) {
    await close(fd).catch(() => {});
    throw error;
  }
}

/**
 * Tells whether a key still has the version that was opened. If the key now has a different version, the facts of the
 * opened version may have been removed.
 */
async function isInPlace(disk: Disk, root: Root, key: string, { ino }: BigIntStats): Promise<boolean> {
  const { folder, name } = disk.places.file(root, key);
  const look = (directory: Directory): Promise<BigIntStats | undefined> => factsAt(directory, name);
  return (await inFolder(root.directories, folder, false, look))?.ino === ino;
}
