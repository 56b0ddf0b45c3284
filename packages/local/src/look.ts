import type { Disk } from "./disk.js";
import { failure, isMissing, maybeOfRoot, notFound, toLocalError, type FailureContext } from "./errors.js";
import { isInner, mayBeInner } from "./inner-roots.js";
import type { Root } from "./opened-root.js";

/**
 * The number of attempts during which writers may replace the file. During later attempts, the writers of this process
 * wait.
 */
const FREE_LOOKS = 3;
const LOOKS_MAX = 30;

/**
 * Reads facts of a key's file. Tries again if the file was replaced between two system calls.
 *
 * @param look - Returns `undefined` if the facts that it read do not all belong to one version.
 * @throws StorageError `NotFound` if there is no such file and the root is certain to be there.
 */
export async function lookAt<T>(
  disk: Disk,
  key: string,
  context: FailureContext,
  look: (root: Root) => Promise<T | undefined>,
): Promise<T> {
  context.signal?.throwIfAborted();
  for (let looks = 0; ; looks++) {
    const root = await disk.root.open(context);
    try {
      if (mayBeInner(root, key) && (await isInner(root, key))) throw hidden();
      const found = looks < FREE_LOOKS ? await look(root) : await disk.lock.run(key, () => look(root));
      if (found !== undefined) return found;
      if (looks === LOOKS_MAX)
        throw failure("Unavailable", "the object is replaced again and again", context);
    } catch (error) {
      if (!maybeOfRoot(error)) throw toLocalError(error, context);
      if (looks < LOOKS_MAX && (await disk.root.confirm(root, context))) continue;
      throw isMissing(error) ? notFound(context, error) : toLocalError(error, context);
    }
  }
}

/** Returns the error that a call throws for a private file of an inner root. It is the error for a missing file. */
export function hidden(): Error {
  return Object.assign(new Error("The folder belongs to a different root"), { code: "ENOENT" });
}
