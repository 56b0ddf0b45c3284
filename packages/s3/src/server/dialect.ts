/** The names of the known kinds of servers. */
export type DialectName =
  | "aws"
  | "r2"
  | "minio"
  | "ceph"
  | "b2"
  | "gcs"
  | "spaces"
  | "wasabi"
  | "swift"
  | "generic";

/** The features of S3 that a server supports reliably. */
export interface Dialect {
  /** The name of the dialect; `"probed"` if the dialect is a result of `probe`. */
  readonly name: DialectName | "probed";
  /** The digest that is sent with a body. The server verifies it. */
  readonly checksum: "crc32" | "none";
  /** The server honours `If-None-Match: *` and `If-Match` for a put in one request. */
  readonly conditionalPut: boolean;
  /** The server honours both conditions when an upload in parts is completed. */
  readonly conditionalComplete: boolean;
  readonly conditionalDelete: boolean;
  /** The server honours `If-None-Match: *` for a copy. */
  readonly conditionalCopy: boolean;
  /** The server honours `If-Match` only if the ETag in this header has no quotes. */
  readonly bareIfMatch: boolean;
  /** All parts of an upload must have the same size, except for the last part. */
  readonly equalPartSizes: boolean;
  /** The minimum size of a part, in bytes. The minimum does not apply to the last part. */
  readonly partBytesMin: number;
  /** Batch deletes are sent with `Content-MD5` instead of one of S3's own checksums. */
  readonly deletesWithMd5: boolean;
  /** The server has access control lists for single objects. */
  readonly acl: boolean;
  /** The server has tags for objects. */
  readonly tags: boolean;
  /** An object that is uploaded in parts keeps the tags that are given when its upload begins. */
  readonly tagsOfUploads: boolean;
  /** The server accepts uploads by forms, and checks the policy of a form. */
  readonly postPolicy: boolean;
  /** Uploads by forms also keep `Cache-Control` and `Content-Disposition`. */
  readonly postHeaders: boolean;
  /** The kinds of encryption that a request may ask for. With `"customer"`, the request contains the encryption key. */
  readonly encryption: readonly ("AES256" | "aws:kms" | "customer")[];
  /** The server has retention and legal holds for objects. */
  readonly lock: boolean;
  /** The server has storage classes other than `STANDARD`. */
  readonly storageClasses: boolean;
}

const CONSERVATIVE = {
  checksum: "none",
  conditionalPut: false,
  conditionalComplete: false,
  conditionalDelete: false,
  conditionalCopy: false,
  bareIfMatch: false,
  equalPartSizes: true,
  partBytesMin: 5 * 1024 * 1024,
  deletesWithMd5: true,
  acl: false,
  tags: false,
  tagsOfUploads: false,
  postPolicy: false,
  postHeaders: false,
  encryption: [],
  lock: false,
  storageClasses: false,
} as const;

/**
 * The dialects of the known servers, each with its source. A feature that a dialect does not name has the value of the
 * weakest server.
 */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  /**
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
   */
  aws: {
    ...CONSERVATIVE,
    name: "aws",
    checksum: "crc32",
    conditionalPut: true,
    conditionalComplete: true,
    conditionalDelete: true,
    conditionalCopy: true,
    equalPartSizes: false,
    deletesWithMd5: false,
    acl: true,
    lock: true,
    tags: true,
    tagsOfUploads: true,
    postPolicy: true,
    postHeaders: true,
    encryption: ["AES256", "aws:kms", "customer"],
    storageClasses: true,
  },
  /** @see https://developers.cloudflare.com/r2/api/s3/api/ */
  r2: { ...CONSERVATIVE, name: "r2", conditionalPut: true, encryption: ["customer"] },
  /** @see https://docs.min.io/community/minio-object-store/reference/s3-api-compatibility.html */
  minio: {
    ...CONSERVATIVE,
    name: "minio",
    conditionalPut: true,
    conditionalComplete: true,
    equalPartSizes: false,
    lock: true,
    tags: true,
    postPolicy: true,
    encryption: ["AES256", "aws:kms", "customer"],
  },
  /**
   * Measured on Ceph 16.2, 18.2 and 20.2. A put honours both conditions, but up to Ceph 18 the ETag in `If-Match` must
   * have no quotes. Up to Ceph 18, completing, copying and deleting silently ignore conditions, and uploads in parts
   * silently drop their tags. Forms silently drop headers. Ceph 16 silently ignores `AES256`. Later versions refuse
   * `AES256` unless encryption is set up.
   */
  ceph: {
    ...CONSERVATIVE,
    name: "ceph",
    conditionalPut: true,
    bareIfMatch: true,
    equalPartSizes: false,
    acl: true,
    lock: true,
    tags: true,
    postPolicy: true,
    encryption: ["customer"],
  },
  /** @see https://www.backblaze.com/docs/cloud-storage-s3-compatible-api for the requests that are answered with 501 */
  b2: { ...CONSERVATIVE, name: "b2", encryption: ["AES256", "customer"] },
  /** @see https://cloud.google.com/storage/docs/xml-api/reference-headers */
  gcs: { ...CONSERVATIVE, name: "gcs" },
  /**
   * DigitalOcean Spaces runs Ceph behind a front end of its own.
   *
   * @see https://docs.digitalocean.com/products/spaces/reference/s3-compatibility/
   */
  spaces: { ...CONSERVATIVE, name: "spaces", acl: true, tags: true, encryption: ["customer"] },
  /** @see https://docs.wasabi.com/docs/wasabi-api */
  wasabi: { ...CONSERVATIVE, name: "wasabi" },
  /**
   * Measured on OpenStack Swift 2.30. Conditional puts are answered with 501, and forms with 412. Batch deletes require
   * `Content-MD5`.
   */
  swift: { ...CONSERVATIVE, name: "swift" },
  generic: { ...CONSERVATIVE, name: "generic" },
};

/** @throws TypeError if the value is neither the name of a dialect nor a dialect. */
export function assertDialect(dialect: unknown): void {
  if (dialect === undefined) return;
  const names = Object.keys(DIALECTS);
  const fields = Object.keys(DIALECTS.generic);
  if (typeof dialect === "string" && names.includes(dialect)) return;
  if (typeof dialect === "object" && dialect !== null && fields.every((name) => name in dialect)) return;
  throw new TypeError(
    `s3: dialect must be ${names.join(", ")} or the result of probe(), not ${JSON.stringify(dialect)}`,
  );
}
