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
export const SUBJECTS = {
  "raw-undici": { module: "raw-undici" },
  "aws-sdk": { module: "aws-sdk" },
  stowage: { module: "stowage" },
  // As over TLS, where that is the default: a checksum instead of a signature protects the bodies.
  "stowage-unsigned": { module: "stowage", options: { dialect: "aws", unsignedPayload: true } },
  // As over TLS with a server that has no checksums.
  "stowage-plain": { module: "stowage", options: { dialect: "generic", unsignedPayload: true } },
  "stowage-lib-storage": {
    module: "stowage",
    options: { dialect: "aws", unsignedPayload: true, uploader: "lib-storage" },
  },
  flystorage: { module: "flystorage" },
  flydrive: { module: "flydrive" },
  "files-sdk": { module: "files-sdk" },
  minio: { module: "minio" },
  opendal: { module: "opendal" },
};

export const PEERS = ["aws-sdk", "flystorage", "flydrive", "files-sdk", "minio", "opendal"];

/** The address of a subject's module, for `import`. */
export function moduleOf(name) {
  return new URL(`./subjects/${SUBJECTS[name].module}.mjs`, import.meta.url).href;
}
