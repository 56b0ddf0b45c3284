/**
 * Returns an ETag with quotes, as HTTP requires. Ceph leaves out the quotes in some answers. Also removes the mark `W/`
 * of a weak ETag: every ETag of an object is strong, because an object is never changed in place.
 */
export function toEtag(text: string | undefined): string | undefined {
  const bare = bareEtag(text);
  return bare === undefined ? undefined : `"${bare}"`;
}

/**
 * Returns an ETag without its quotes. Returns `undefined` for a missing or empty ETag. Ceph 16 sends an empty ETag
 * after an upload in parts.
 */
export function bareEtag(text: string | undefined): string | undefined {
  const bare = text?.replace(/^(?:W\/)?"?|"?$/g, "");
  return bare === "" ? undefined : bare;
}
