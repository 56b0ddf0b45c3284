import { encodeKeyPath } from "@stowage/core/provider";

/**
 * Encodes the characters that a URL may contain as they are, but that the rules of signatures want encoded.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
function strictly(encoded: string): string {
  return encoded.replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Returns the path of a key. The path is sent and signed in exactly this form. Slashes are kept. */
export function encodePath(key: string): string {
  return strictly(encodeKeyPath(key));
}

function encodeText(text: string): string {
  return strictly(encodeURIComponent(text));
}

/** Returns a query in the order that signatures require. The query is sent in the same form. */
export function encodeQuery(query: readonly (readonly [name: string, value: string])[]): string {
  return query
    .map(([name, value]) => `${encodeText(name)}=${encodeText(value)}`)
    .toSorted()
    .join("&");
}
