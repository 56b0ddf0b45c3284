import { type CopyOptions, type ObjectInfo } from "@stowage/core/provider";
import type { Disk } from "./disk.js";
import type { FailureContext } from "./errors.js";
import { openObject, type OpenFile } from "./get.js";
import { assertMatch, commit, factsForTarget, writing } from "./commit.js";
import { close, readFully, writeFully } from "./system.js";
import type { Temporary } from "./temporaries.js";
import { clone } from "./write-body.js";

const BLOCK_BYTES = 1024 * 1024;

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
    return await writing(disk, context, async (root, temporary) => {
      await copyBytes(source, temporary, options);
      const facts = await factsForTarget(from, to, source.facts, writeId);
      return await commit(disk, root, temporary, { key: to, facts, conditions: options, context });
    });
  } finally {
    await close(source.fd);
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
