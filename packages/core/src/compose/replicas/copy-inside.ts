import { isStorageError } from "../../errors.js";
import type { CopyOptions, ObjectInfo, StorageProvider } from "../../provider.js";

/** An object that members can copy by themselves. */
export interface InsideSource {
  readonly key: string;
  /** Its ETag on each member that holds it, by name. */
  readonly etags: ReadonlyMap<string, string>;
  readonly sha256: string | undefined;
}

/**
 * Has a member copy by itself what it holds.
 *
 * @returns `undefined` when it does not hold it any more, or cannot: it gets the bytes then.
 */
export async function copiedInside(
  member: StorageProvider,
  { key, etags }: InsideSource,
  to: string,
  { writeId, signal, onEvent }: CopyOptions,
): Promise<ObjectInfo | undefined> {
  const sourceIfMatch = etags.get(member.name);
  if (member.copy === undefined || sourceIfMatch === undefined) return undefined;
  try {
    return await member.copy(key, to, { sourceIfMatch, writeId, signal, onEvent });
  } catch (error) {
    if (isStorageError(error) && error.applied === "no" && LEFT_TO_BYTES.has(error.code)) return undefined;
    throw error;
  }
}

const LEFT_TO_BYTES: ReadonlySet<string> = new Set(["NotFound", "PreconditionFailed", "Unsupported"]);
