/**
 * What is measured over S3. A module exports `open(place, options)`, which gives a store; beside the verbs of
 * `../subjects.mjs` it may have:
 *
 * | verb | gives |
 * |---|---|
 * | `putKnown(key, readable, size)` | – |
 * | `putFile(key, path)` | – |
 * | `getFile(key, path)` | – |
 * | `close()` | – |
 */
import { addressOf } from "../packages.mjs";

export const SUBJECTS = {
  "raw-undici": { module: "raw" },
  // On Node's own client, which is what Stowage's own wire stands on.
  "raw-http": { module: "raw", options: { transport: "http" } },
  "raw-http-signed": { module: "raw", options: { transport: "http", signsBodies: true } },
  "aws-sdk": { module: "aws-sdk" },
  stowage: { module: "stowage" },
  // As over TLS, where that is the default: a checksum instead of a signature protects the bodies.
  "stowage-unsigned": { module: "stowage", options: { dialect: "aws", unsignedPayload: true } },
  // As over TLS with a server that has no checksums.
  "stowage-plain": { module: "stowage", options: { dialect: "generic", unsignedPayload: true } },
  "stowage-sdk": { module: "stowage", options: { dialect: "aws", unsignedPayload: true, wire: "sdk" } },
  "stowage-lib-storage": {
    module: "stowage",
    options: { dialect: "aws", unsignedPayload: true, uploader: "lib-storage" },
  },
  flystorage: { module: "flystorage" },
  flydrive: { module: "flydrive" },
  "files-sdk": { module: "files-sdk" },
  minio: { module: "minio" },
  opendal: { module: "opendal" },
  s3mini: { module: "s3mini" },
  aws4fetch: { module: "aws4fetch" },
};

export const PEERS = [
  "aws-sdk",
  "flystorage",
  "flydrive",
  "files-sdk",
  "minio",
  "opendal",
  "s3mini",
  "aws4fetch",
];

/** The address of a subject's module, for `import`, and what its `open` is given. */
export function subjectOf(name) {
  return addressOf(name, SUBJECTS, new URL("./subjects/", import.meta.url));
}
