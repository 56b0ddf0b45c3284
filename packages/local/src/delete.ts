import type { DeleteOptions } from "@stowage/core/provider";
import type { BigIntStats } from "node:fs";
import type { Disk } from "./disk.js";
import { inFolder } from "./directories.js";
import { isMissing, maybeOfRoot, toLocalError, type FailureContext } from "./errors.js";
import { assertMatch, factsAt, forgetFacts, syncFolder } from "./commit.js";
import { isInner, mayBeInner } from "./inner-roots.js";
import { hidden } from "./look.js";
import type { Root } from "./opened-root.js";
import { isAmbiguous } from "./system-errors.js";
import { codeOf, lstat, unlink } from "./system.js";

export async function deleteObject(disk: Disk, key: string, options: DeleteOptions): Promise<void> {
  const context: FailureContext = { operation: "delete", provider: disk.name, key, signal: options.signal };
  options.signal?.throwIfAborted();
  for (;;) {
    const root = await disk.root.open(context);
    try {
      await disk.lock.run(key, () => deleteOnce(disk, root, key, options, context));
      return;
    } catch (error) {
      if (!maybeOfRoot(error)) throw toLocalError(error, context);
      if (await disk.root.confirm(root, context)) continue;
      if (!isMissing(error)) throw toLocalError(error, context);
      return;
    }
  }
}

async function deleteOnce(
  disk: Disk,
  root: Root,
  key: string,
  { ifMatch, beforeCommit }: DeleteOptions,
  context: FailureContext,
): Promise<void> {
  if (mayBeInner(root, key) && (await isInner(root, key))) throw hidden();
  const { folder, name } = disk.places.file(root, key);
  const hadFacts = await root.sidecars.has(key);
  let old: BigIntStats | undefined;
  await inFolder(root.directories, folder, false, async (directory) => {
    if (hadFacts || ifMatch !== undefined) old = await factsAt(directory, name);
    if (ifMatch !== undefined) {
      // If there is no file, the delete ends here. A file that is put later was not compared with the condition and has
      // to stay.
      if (old === undefined) throw Object.assign(new Error("No such file"), { code: "ENOENT" });
      assertMatch(old, ifMatch, context);
    }
    beforeCommit?.();
    await unlinkFile(directory.start + name).catch((error: unknown) => {
      throw isAmbiguous(error) ? toLocalError(error, context, "unknown") : error;
    });
    if (disk.durable) await syncFolder(directory, context);
  });
  if (hadFacts) await forgetFacts(root, key, old, "none");
  root.directories.prune(folder, root.layout.base);
}

/** Removes a file. Throws `EISDIR` for a folder, even on a system that answers with a permission error. */
function unlinkFile(path: string): Promise<void> {
  return unlink(path).catch(async (error: unknown) => {
    if (codeOf(error) !== "EPERM") throw error;
    const facts = await lstat(path);
    throw facts.isDirectory() ? Object.assign(new Error("A folder"), { code: "EISDIR" }) : error;
  });
}
