/** The path of a key in a URL: every segment percent-encoded, slashes kept. */
export function encodeKeyPath(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

/** The key in a URL's path without its leading slash, query and fragment left out; `undefined` when it is not one. */
export function decodeKeyPath(path: string): string | undefined {
  try {
    return decodeURIComponent(path.replace(/[?#].*$/s, ""));
  } catch {
    return undefined;
  }
}
