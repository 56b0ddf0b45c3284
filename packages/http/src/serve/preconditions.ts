import {
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseEntityTags,
  type EntityTag,
  type EntityTags,
} from "./entity-tags.js";
import { parseHttpDate } from "./http-date.js";
import type { HeaderReader } from "../wire/http-request.js";

/** The tag of an object and the time of its last change. Preconditions are checked against these two facts. */
export interface Validators {
  readonly tag: EntityTag | undefined;
  /** The time of the last change, in whole seconds since 1970. */
  readonly modifiedSeconds: number | undefined;
}

/** The preconditions of a request, without those that HTTP says to ignore. */
export interface Preconditions {
  readonly ifMatch: EntityTags | undefined;
  readonly ifUnmodifiedSince: number | undefined;
  readonly ifNoneMatch: EntityTags | undefined;
  readonly ifModifiedSince: number | undefined;
}

/** The result of checking the preconditions of a GET or HEAD. */
export type Verdict = "proceed" | "not-modified" | "failed";

/**
 * Returns the preconditions of a request, or `undefined` if the request has no preconditions. An invalid date is
 * ignored. If `If-Match` is present, `If-Unmodified-Since` is ignored. If `If-None-Match` is present,
 * `If-Modified-Since` is ignored.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-precedence-of-preconditions
 */
export function parsePreconditions(headers: HeaderReader): Preconditions | undefined {
  const ifMatch = tagsOf(headers, "if-match");
  const ifNoneMatch = tagsOf(headers, "if-none-match");
  const ifUnmodifiedSince = ifMatch === undefined ? dateOf(headers, "if-unmodified-since") : undefined;
  const ifModifiedSince = ifNoneMatch === undefined ? dateOf(headers, "if-modified-since") : undefined;
  const all = { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince };
  return Object.values(all).every((condition) => condition === undefined) ? undefined : all;
}

/** Checks preconditions against an object, in the order of RFC 9110. */
export function judge(conditions: Preconditions, validators: Validators): Verdict {
  const { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince } = conditions;
  const { tag, modifiedSeconds } = validators;
  if (ifMatch !== undefined && !matchesAny(ifMatch, tag, matchesStrongly)) return "failed";
  if (ifUnmodifiedSince !== undefined && modifiedSeconds !== undefined) {
    if (modifiedSeconds > ifUnmodifiedSince) return "failed";
  }
  if (ifNoneMatch !== undefined) {
    return matchesAny(ifNoneMatch, tag, matchesWeakly) ? "not-modified" : "proceed";
  }
  const isOld = ifModifiedSince !== undefined && modifiedSeconds !== undefined;
  return isOld && modifiedSeconds <= ifModifiedSince ? "not-modified" : "proceed";
}

/**
 * Tells whether a range may be served: the request has no `If-Range`, or its `If-Range` names exactly this version. A
 * date names the version only if it equals the object's date.
 *
 * @param header - The value of `If-Range`.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-if-range
 */
export function isRangeCurrent(header: string | null | undefined, validators: Validators): boolean {
  if (header === null || header === undefined) return true;
  const tag = parseEntityTag(header.trim());
  if (tag !== undefined) return matchesStrongly(tag, validators.tag);
  const seconds = parseHttpDate(header.trim());
  return seconds !== undefined && seconds === validators.modifiedSeconds;
}

function matchesAny(
  tags: EntityTags,
  tag: EntityTag | undefined,
  matches: (one: EntityTag, other: EntityTag | undefined) => boolean,
): boolean {
  return tags === "*" || tags.some((each) => matches(each, tag));
}

function tagsOf(headers: HeaderReader, name: string): EntityTags | undefined {
  const header = headers.get(name) ?? undefined;
  return header === undefined ? undefined : parseEntityTags(header);
}

function dateOf(headers: HeaderReader, name: string): number | undefined {
  const header = headers.get(name) ?? undefined;
  return header === undefined ? undefined : parseHttpDate(header.trim());
}
