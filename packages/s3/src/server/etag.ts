/**
 * An ETag as HTTP has it. Ceph leaves the quotes out of some answers, and weak marks say nothing here: an object
 * is never changed in place.
 */
export function toEtag(text: string | undefined): string | undefined {
  const bare = bareEtag(text);
  return bare === undefined ? undefined : `"${bare}"`;
}

/** An ETag without its quotes; `undefined` for none and for an empty one, as Ceph 16 gives after an upload in parts. */
export function bareEtag(text: string | undefined): string | undefined {
  const bare = text?.replace(/^(?:W\/)?"?|"?$/g, "");
  return bare === "" ? undefined : bare;
}
