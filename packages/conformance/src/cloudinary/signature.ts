// Cloudinary's signatures, as Cloudinary's documentation describes them. The fake does not use the SDK here, because the fake
// also tests the SDK's signatures.
import { createHash, timingSafeEqual } from "node:crypto";

/** The digest algorithm that an account uses to sign requests. */
export type SignatureAlgorithm = "sha1" | "sha256";

/** The fields of a request. A list is sent as several `name[]` fields, but is signed as one value with commas. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** The fields that a signature never covers. @see https://cloudinary.com/documentation/authentication_signatures */
const UNSIGNED: ReadonlySet<string> = new Set([
  "file",
  "cloud_name",
  "resource_type",
  "api_key",
  "signature",
]);

/**
 * Returns the text that a signature covers. The caller appends the secret to the text. Version 2 encodes each `&` in a
 * value, so that one field cannot look like two fields.
 */
export function stringToSign(fields: Fields, version: 1 | 2): string {
  return Object.entries(fields)
    .filter(([name]) => !UNSIGNED.has(name))
    .map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : String(value)] as const)
    .filter(([, value]) => value !== "")
    .toSorted(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .map(([name, value]) => `${name}=${value}`)
    .map((pair) => (version === 2 ? pair.replaceAll("&", "%26") : pair))
    .join("&");
}

function signatureOf(fields: Fields, secret: string, algorithm: SignatureAlgorithm, version: 1 | 2): string {
  return createHash(algorithm)
    .update(stringToSign(fields, version) + secret)
    .digest("hex");
}

/** Tells whether a request is signed by either version. The request does not say which version it uses. */
export function isSigned(fields: Fields, secret: string, algorithm: SignatureAlgorithm): boolean {
  const given = String(fields["signature"] ?? "");
  return ([2, 1] as const).some((version) => isSame(given, signatureOf(fields, secret, algorithm, version)));
}

/**
 * Returns the valid signatures for a delivery URL. They cover neither the version nor the kind of the asset.
 *
 * @see https://cloudinary.com/documentation/delivery_url_signatures
 */
export function deliverySignatures(path: string, secret: string): readonly string[] {
  const of = (algorithm: SignatureAlgorithm, length: number): string =>
    createHash(algorithm)
      .update(path + secret)
      .digest("base64url")
      .slice(0, length);
  return [of("sha1", 8), of("sha256", 8), of("sha256", 32)];
}

export function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
