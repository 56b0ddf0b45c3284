import type { Description, FileStorage, ObjectInfo } from "@stowage/core";
import { parseEntityTag, type EntityTag } from "./entity-tags.js";
import { toHttpSeconds } from "./http-date.js";
import type { Validators } from "./preconditions.js";

/** The end of the year 9999. In HTTP, the year of a date has four digits. */
const SECONDS_MAX = 253_402_300_799;

/** The answers of `hasSeveralMembers`, by storage. */
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
 * Returns the tag of an object and the time of its last change. Preconditions are checked against these two facts.
 *
 * The tag is the provider's ETag. If the storage has several members, the tag is the write id instead, because members have
 * different ETags for the same object. All copies of an object share the write id. So a client can resume a download even if a
 * different member answers.
 */
export function validatorsOf(storage: FileStorage, info: ObjectInfo): Validators {
  const { etag, writeId, lastModified } = info;
  const isShared = writeId !== undefined && hasSeveralMembers(storage);
  const tag = parseEntityTag(isShared ? `"${writeId}"` : (etag ?? ""));
  const seconds = lastModified === undefined ? Number.NaN : toHttpSeconds(lastModified);
  return { tag, modifiedSeconds: seconds >= 0 && seconds <= SECONDS_MAX ? seconds : undefined };
}

/** Returns an entity tag as it is written in a header. */
export function tagText({ isWeak, opaque }: EntityTag): string {
  return isWeak ? `W/${opaque}` : opaque;
}
