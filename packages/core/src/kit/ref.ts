/** Matches keys that stay as they are in a URL. Most keys are such keys. */
const PLAIN = /^[\w\-.!~*'()/]*$/;

/** Returns the path of a key in a URL. Every segment is percent-encoded; slashes are kept. */
export function encodeKeyPath(key: string): string {
  if (PLAIN.test(key)) return key;
  return key.split("/").map(encodeURIComponent).join("/");
}

/**
 * Returns the key in a URL's path. The path has no leading slash. A query and a fragment are ignored. Returns `undefined` if the
 * path is not correctly encoded.
 */
export function decodeKeyPath(path: string): string | undefined {
  try {
    return decodeURIComponent(path.replace(/[?#].*$/s, ""));
  } catch {
    return undefined;
  }
}
