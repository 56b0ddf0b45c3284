import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { crc32c } from "./crc32c.js";
import type { Dialect } from "./dialect.js";
import type { ObjectOptions } from "./object-options.js";

export type DigestAlgorithm = "crc32" | "crc32c" | "sha256" | "md5";

/** A digest of bytes. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  /** The digest in Base64, as it is sent. */
  readonly value: string;
}

/**
 * Returns the algorithm of the digest that is sent with a body. A server may lack S3's own checksums. The header
 * `Content-MD5`, which all servers verify, then replaces a requested checksum.
 */
export function digestAlgorithm(
  { checksum }: Dialect,
  wanted: ObjectOptions["checksum"],
): DigestAlgorithm | undefined {
  if (checksum === "none") return wanted && "md5";
  return wanted ?? checksum;
}

/** A digest that is computed piece by piece. */
export interface Digesting {
  readonly update: (bytes: Uint8Array) => void;
  /** Returns the digest in Base64. */
  readonly value: () => string;
}

export function startDigest(algorithm: DigestAlgorithm): Digesting {
  if (algorithm === "crc32") return sum((bytes, before) => crc32(bytes, before));
  if (algorithm === "crc32c") return sum(crc32c);
  const hash: Hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), value: () => hash.digest("base64") };
}

function sum(add: (bytes: Uint8Array, before: number) => number): Digesting {
  let state = 0;
  return { update: (bytes) => void (state = add(bytes, state)), value: () => base64(state) };
}

function base64(checksum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(checksum);
  return bytes.toString("base64");
}

/** Returns the digest of a whole body. */
export function digestOf(body: Uint8Array, algorithm: DigestAlgorithm): Digest {
  const digesting = startDigest(algorithm);
  digesting.update(body);
  return { algorithm, value: digesting.value() };
}
