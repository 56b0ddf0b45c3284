/** An entity tag. If two representations have the same weak tag, they are equivalent, but their bytes may differ. */
export interface EntityTag {
  readonly isWeak: boolean;
  /** The tag itself, with its quotes. */
  readonly opaque: string;
}

/** The tags of a precondition: any tag (`"*"`), or a list of tags. */
export type EntityTags = "*" | readonly EntityTag[];

/** The form of one entity tag. @see https://www.rfc-editor.org/rfc/rfc9110#name-etag */
const TAG = /^(?<weak>W\/)?(?<opaque>"[\x21\x23-\x7e\x80-\xff]*")$/;
const NEXT_TAG = /[ \t,]*(?<tag>(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)/gy;

/** Returns the entity tag in a text, or `undefined` if the text is not an entity tag. */
export function parseEntityTag(text: string): EntityTag | undefined {
  const groups = TAG.exec(text)?.groups;
  if (groups === undefined) return undefined;
  return { isWeak: groups["weak"] !== undefined, opaque: groups["opaque"] ?? "" };
}

/** Returns the tags in `If-Match` or `If-None-Match`. If the header is malformed, returns the tags before the error. */
export function parseEntityTags(header: string): EntityTags {
  if (header.trim() === "*") return "*";
  return [...header.matchAll(NEXT_TAG)].flatMap(({ groups }) => parseEntityTag(groups?.["tag"] ?? "") ?? []);
}

/** Tells whether both tags are strong and equal. */
export function matchesStrongly(one: EntityTag, other: EntityTag | undefined): boolean {
  return !one.isWeak && other?.isWeak === false && one.opaque === other.opaque;
}

/** Tells whether two tags are equal. Ignores the prefix `W/`, because proxies may add it. */
export function matchesWeakly(one: EntityTag, other: EntityTag | undefined): boolean {
  return one.opaque === other?.opaque;
}
