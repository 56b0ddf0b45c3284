/**
 * Returns an ETag in the form of HTTP. Ceph leaves the quotes out of some answers. Weak marks mean nothing here,
 * because an object is never changed in place.
 */
export function toEtag(text: string | undefined): string | undefined {
  const bare = bareEtag(text);
  return bare === undefined ? undefined : `"${bare}"`;
}

/**
 * Returns an ETag without its quotes; `undefined` for a missing and for an empty one, as Ceph 16 gives after an upload
 * in parts.
 */
export function bareEtag(text: string | undefined): string | undefined {
  const bare = text?.replace(/^(?:W\/)?"?|"?$/g, "");
  return bare === "" ? undefined : bare;
}
