/** Matches a key that needs no encoding in a path. Most keys need none. */
const PLAIN_PATH = /^[\w.~/-]*$/;

/**
 * Returns a text with every character percent-encoded, except for the unreserved ones. The rules of signatures require exactly
 * this form.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
function encodeText(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Returns the path of a key. The path is sent and signed in exactly this form. Slashes are kept. */
export function encodePath(key: string): string {
  return PLAIN_PATH.test(key) ? key : key.split("/").map(encodeText).join("/");
}

/** Returns a query in the order that signatures require. The query is sent in the same form. */
export function encodeQuery(query: readonly (readonly [name: string, value: string])[]): string {
  return query
    .map(([name, value]) => `${encodeText(name)}=${encodeText(value)}`)
    .toSorted()
    .join("&");
}
