import { isStorageError } from "../../../contract/errors.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { CopyOptions } from "../../../contract/call-options.js";
import { HEADER_NAMES, type ObjectInfo } from "../../../contract/object.js";

/** An object that members can copy internally. */
export interface InsideSource {
  readonly key: string;
  /** The ETag of the object on each member that holds it, by the name of the member. */
  readonly etags: ReadonlyMap<string, string>;
  readonly sha256: string | undefined;
  /** The headers and metadata that the copy must have. */
  readonly facts: ObjectInfo;
}

/**
 * Makes a member copy an object that it already holds, without sending the bytes.
 *
 * @returns `undefined` if the member no longer holds the object or cannot copy it. The member then receives the bytes.
 */
export async function copyInside(
  member: ComposedProvider,
  { key, etags, facts }: InsideSource,
  to: string,
  { writeId, signal, onEvent, beforeCommit }: CopyOptions,
): Promise<ObjectInfo | undefined> {
  const sourceIfMatch = etags.get(member.name);
  if (member.copy === undefined || sourceIfMatch === undefined) return undefined;
  try {
    const copy = await member.copy(key, to, { sourceIfMatch, writeId, signal, onEvent, beforeCommit });
    // Some stores compute ETags from the bytes alone. The source may therefore have been replaced by an object with the same
    // bytes and different facts.
    return hasFacts(copy, facts) ? copy : undefined;
  } catch (error) {
    if (isStorageError(error) && error.applied === "no" && LEFT_TO_BYTES.has(error.code)) return undefined;
    throw error;
  }
}

const LEFT_TO_BYTES: ReadonlySet<string> = new Set(["NotFound", "PreconditionFailed", "Unsupported"]);

function hasFacts(copy: ObjectInfo, facts: ObjectInfo): boolean {
  if (!HEADER_NAMES.every((name) => copy[name] === facts[name])) return false;
  const { metadata: copied = {} } = copy;
  const { metadata = {} } = facts;
  const names = Object.keys(metadata);
  return (
    names.length === Object.keys(copied).length && names.every((name) => copied[name] === metadata[name])
  );
}
