import type { Description, FileStorage, ObjectInfo } from "@stowage/core";
import { parseEntityTag, type EntityTag } from "./entity-tags.js";
import { toHttpSeconds } from "./http-date.js";
import type { Validators } from "./preconditions.js";

/** Whether each storage keeps objects in several members, which have ETags of their own. */
const severalByStorage = new WeakMap<FileStorage, boolean>();

/** Tells whether a storage keeps objects in several members. */
export function hasSeveralMembers(storage: FileStorage): boolean {
  const known = severalByStorage.get(storage);
  if (known !== undefined) return known;
  const found = isComposed(storage.describe());
  severalByStorage.set(storage, found);
  return found;
}

function isComposed({ members = [] }: Description): boolean {
  return members.length > 1 || members.some(isComposed);
}

/**
 * Returns what conditions about an object are compared with.
 *
 * The tag is that of the provider. Members of a composer have different tags for the same object, so there it is the write id, which
 * every copy of an object shares: a download goes on when another member answers.
 */
export function validatorsOf(storage: FileStorage, info: ObjectInfo): Validators {
  const { etag, writeId, lastModified } = info;
  const isShared = writeId !== undefined && hasSeveralMembers(storage);
  const tag = isShared ? strongTag(writeId) : parseEntityTag(etag ?? "");
  return { tag, modifiedSeconds: lastModified === undefined ? undefined : toHttpSeconds(lastModified) };
}

function strongTag(text: string): EntityTag {
  return { isWeak: false, opaque: `"${text}"` };
}

/** Returns an entity tag as a header has it. */
export function tagText({ isWeak, opaque }: EntityTag): string {
  return isWeak ? `W/${opaque}` : opaque;
}
