/**
 * Returns the public id for a key. Cloudinary forbids `? & # % < > + \` in public ids, silently replaces some other
 * characters, and cuts some characters off at the ends. Cloudinary also takes a folder such as `v12` for a version
 * number. So only letters, digits, `_`, `.`, `-` and the slashes between segments are kept. All other characters are
 * written as `Zx`, their bytes in hexadecimal, and `x`.
 *
 * @see https://support.cloudinary.com/hc/en-us/articles/115001317409
 */
export function encodePublicId(key: string): string {
  return key.split("/").map(encodeSegment).join("/");
}

/**
 * Returns the key that a public id encodes, or `undefined` if its encoded bytes are not UTF-8. If this key is encoded again,
 * the result may be a different id.
 */
export function decodePublicId(publicId: string): string | undefined {
  try {
    return publicId.replace(ESCAPE, (_, hex: string) => UTF8.decode(Buffer.from(hex, "hex")));
  } catch {
    return undefined;
  }
}

/**
 * Returns a text that begins the public id of every key with this prefix. The text may be short, so other public ids
 * may begin with it too. The caller must check the keys that it finds.
 */
export function encodePrefix(prefix: string): string {
  const slash = prefix.lastIndexOf("/") + 1;
  // Stops before the first character that may be encoded, or that may begin an encoded text.
  const plain = /^[A-Ya-z0-9]*/.exec(prefix.slice(slash))?.[0] ?? "";
  const isSafe = !/^v\d*$/.test(plain);
  return encodePublicId(prefix.slice(0, slash)) + (isSafe ? plain : "");
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ESCAPE = /Zx((?:[0-9A-F]{2})+)x/g;

/**
 * Matches a sequence of characters that have to be encoded. Also matches a `Z` that would be read as the beginning of an
 * encoded text.
 */
const UNSAFE = /[^A-Za-z0-9_.-]+|Z(?=x)/g;

function encodeSegment(segment: string): string {
  if (segment === "") return "";
  const isVersion = /^v\d+$/.test(segment);
  const whole = isVersion ? `${escaped("v")}${segment.slice(1)}` : segment.replace(UNSAFE, escaped);
  return whole.replace(/^[._-]+|[._-]+$/g, escaped);
}

function escaped(text: string): string {
  return `Zx${Buffer.from(text, "utf8").toString("hex").toUpperCase()}x`;
}
