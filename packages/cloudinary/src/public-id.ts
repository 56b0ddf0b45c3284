/**
 * Keys as public ids. Cloudinary forbids `? & # % < > + \` in them, replaces other characters in silence, cuts
 * characters off at the ends, and takes a folder such as `v12` for a version. So everything but letters, digits, `_`,
 * `.`, `-` and the slashes between is written as `Zx`, its bytes in hexadecimal, `x`.
 *
 * @see https://support.cloudinary.com/hc/en-us/articles/115001317409
 */
export function encodePublicId(key: string): string {
  return key.split("/").map(encodeSegment).join("/");
}

/** The key, or `undefined` when no key has this id. */
export function decodePublicId(publicId: string): string | undefined {
  try {
    return publicId.replace(ESCAPE, (_, hex: string) => UTF8.decode(Buffer.from(hex, "hex")));
  } catch {
    return undefined;
  }
}

/**
 * The beginning that the ids of all keys have which begin with `prefix`. It may be shorter than it could be, so
 * what is found has to be looked at.
 */
export function encodePrefix(prefix: string): string {
  const slash = prefix.lastIndexOf("/") + 1;
  // Up to what may be the beginning of an escape.
  const plain = /^[A-Ya-z0-9]*/.exec(prefix.slice(slash))?.[0] ?? "";
  const isSafe = !/^v\d*$/.test(plain);
  return encodePublicId(prefix.slice(0, slash)) + (isSafe ? plain : "");
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ESCAPE = /Zx((?:[0-9A-F]{2})+)x/g;

/** A run of what cannot be stored; or what would be read as an escape. */
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
