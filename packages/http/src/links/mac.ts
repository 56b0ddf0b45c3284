import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * Computes an HMAC-SHA256 of a list. The list is encoded as JSON, so two different lists never become the same bytes.
 */
export function macOf(secret: string | Uint8Array, input: readonly unknown[]): string {
  return createHmac("sha256", secret).update(JSON.stringify(input)).digest("base64url");
}

/**
 * Compares two texts in constant time. The texts are compared without decoding, because different base64url texts can decode to
 * the same bytes.
 */
export function isSame(expected: string, given: string): boolean {
  const left = Buffer.from(expected);
  const right = Buffer.from(given);
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}
