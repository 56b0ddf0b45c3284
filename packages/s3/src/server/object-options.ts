import { types } from "node:util";
import { knownNames, oneOf, type OptionNames, nonEmptyText, anyText } from "@stowage/core/provider";
import type { Dialect } from "./dialect.js";

/** The encryption with which the server stores objects. */
export type Encryption =
  | {
      /** Encryption with keys that the server keeps (SSE-S3). */
      readonly type: "AES256";
    }
  | {
      /** Encryption with a key of a key management service (SSE-KMS). */
      readonly type: "aws:kms";
      /** The id of the key. Default: the key of the bucket, or else the default key of the account. */
      readonly keyId?: string | undefined;
      /**
       * The encryption context: every decryption must give the same context. The key management service writes the
       * context into its log.
       */
      readonly context?: Readonly<Record<string, string>> | undefined;
      /** True to use one key for many objects, which costs less. */
      readonly bucketKey?: boolean | undefined;
    }
  | {
      /** Encryption with a key that every request contains and that the server does not keep (SSE-C). */
      readonly type: "customer";
      /** The key, 32 bytes. Without the key the objects can never be read again. */
      readonly key: Uint8Array;
    };

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html */
const STORAGE_CLASSES = [
  "STANDARD",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
  "REDUCED_REDUNDANCY",
  "EXPRESS_ONEZONE",
] as const;

/** A storage class of S3. It decides how fast an object can be read, and how much the storage costs. */
export type StorageClass = (typeof STORAGE_CLASSES)[number];

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl */
const ACLS = [
  "private",
  "public-read",
  "authenticated-read",
  "bucket-owner-read",
  "bucket-owner-full-control",
] as const;

/** The name of one of S3's predefined access lists. */
export type ObjectAcl = (typeof ACLS)[number];

const CHECKSUMS = ["crc32", "crc32c", "sha256"] as const;
const LOCK_MODES = ["GOVERNANCE", "COMPLIANCE"] as const;

/**
 * A lock that keeps an object from being removed or replaced. Locks must be enabled for the bucket, and the bucket must
 * keep versions.
 */
export interface ObjectLock {
  /**
   * The mode of the lock. A lock with `"GOVERNANCE"` can be lifted by users with a special permission. A lock with
   * `"COMPLIANCE"` cannot be lifted.
   */
  readonly mode?: "GOVERNANCE" | "COMPLIANCE" | undefined;
  readonly retainUntil?: Date | undefined;
  readonly legalHold?: boolean | undefined;
}

/**
 * The options for stored objects that are specific to S3. They apply to everything that a provider writes, including
 * signed uploads.
 */
export interface ObjectOptions {
  /**
   * The encryption that every request asks for. Every answer must confirm the encryption.
   *
   * @default the default of the bucket
   */
  readonly encryption?: Encryption | undefined;
  /**
   * The storage class of new objects.
   *
   * @default `"STANDARD"`
   */
  readonly storageClass?: StorageClass | undefined;
  /**
   * Tags of new objects, at most ten.
   *
   * @default none
   */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /**
   * The access list of new objects. On AWS, access lists must be enabled for the bucket.
   *
   * @default private
   */
  readonly acl?: ObjectAcl | undefined;
  /**
   * The coding of bodies that are compressed already, such as `"gzip"`. A get returns the bodies as they were put,
   * still compressed.
   *
   * @default none
   */
  readonly contentEncoding?: string | undefined;
  /**
   * Keeps new objects from being removed or replaced.
   *
   * @default none
   */
  readonly lock?: ObjectLock | undefined;
  /**
   * The digest that is sent with every body, and compared when a whole object is read. A server without S3's own checksums gets
   * `Content-MD5` instead.
   *
   * @default `"crc32"` if the server has it, and reads are not compared
   */
  readonly checksum?: "crc32" | "crc32c" | "sha256" | undefined;
}

const OBJECT_OPTIONS: OptionNames<ObjectOptions> = {
  encryption: true,
  storageClass: true,
  tags: true,
  acl: true,
  contentEncoding: true,
  lock: true,
  checksum: true,
};

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
const TAGS_MAX = 10;
const TAG_NAME_LENGTH_MAX = 128;
const TAG_VALUE_LENGTH_MAX = 256;

const CUSTOMER_KEY_BYTES = 32;

/**
 * Checks the options for objects when a provider is made.
 *
 * @throws TypeError for options that are wrong, and for options that the server is known not to support.
 */
export function assertObjectOptions(options: ObjectOptions, dialect: Dialect): void {
  knownNames("s3: objects", options, OBJECT_OPTIONS);
  if (options.encryption !== undefined) assertEncryption("s3", options.encryption);
  assertTags(options.tags);
  const { lock, contentEncoding } = options;
  oneOf("s3", "checksum", options.checksum, [undefined, ...CHECKSUMS]);
  oneOf("s3", "storageClass", options.storageClass, [undefined, ...STORAGE_CLASSES]);
  oneOf("s3", "acl", options.acl, [undefined, ...ACLS]);
  if (lock !== undefined) knownNames("s3: lock", lock, { mode: true, retainUntil: true, legalHold: true });
  oneOf("s3", "lock.legalHold", lock?.legalHold, [undefined, true, false]);
  oneOf("s3", "lock.mode", lock?.mode, [undefined, ...LOCK_MODES]);
  if (contentEncoding !== undefined && !(typeof contentEncoding === "string" && isCoding(contentEncoding))) {
    throw new TypeError('s3: contentEncoding must be a coding such as "gzip"');
  }
  if (lock !== undefined && (lock.mode === undefined) !== (lock.retainUntil === undefined)) {
    throw new TypeError("s3: give lock.mode and lock.retainUntil together, or neither");
  }
  const until = lock?.retainUntil;
  if (until !== undefined && !(until instanceof Date && Number.isFinite(until.getTime()))) {
    throw new TypeError("s3: lock.retainUntil must be a valid Date");
  }
  for (const lacking of lackingIn(dialect, options)) {
    throw new TypeError(`s3: a server of the dialect "${dialect.name}" does not support ${lacking}`);
  }
}

/**
 * Leaves out the access list `private`, because objects are private by default. A request that names the default has
 * three disadvantages. It needs one more permission, Amazon refuses it for buckets without access lists, and clients
 * have to send one more header. An unknown server may have a different default, so the options for such a server are
 * not changed.
 */
export function withoutDefaults(options: ObjectOptions, dialect: Dialect): ObjectOptions {
  if (options.acl !== "private" || isUnknown(dialect)) return options;
  const { acl: _acl, ...rest } = options;
  return rest;
}

/**
 * Tells whether a text is a list of codings. Each coding is checked separately, so the time grows only in proportion to
 * the length of the text.
 */
function isCoding(value: string): boolean {
  return value.split(",").every((coding) => /^[\w!#$%&'*+.^`|~-]+$/.test(coding.trim()));
}

/** Tells whether a server is unknown, so that its features have to be tested. */
export function isUnknown({ name }: Dialect): boolean {
  return name === "generic" || name === "probed";
}

function* lackingIn(
  dialect: Dialect,
  { encryption, storageClass, tags, acl, lock }: ObjectOptions,
): Generator<string> {
  // A server without tags treats a request about tags as a request about the object, and replaces the object.
  if (tags !== undefined && !dialect.tags) yield "tags";
  // A lock is refused for unknown servers too: if the caller asks for a lock, the object must really be locked.
  if (lock !== undefined && !dialect.lock) yield "object lock";
  if (isUnknown(dialect)) return;
  if (encryption !== undefined && !dialect.encryption.includes(encryption.type)) {
    yield `encryption of the type "${encryption.type}"`;
  }
  const isOther = storageClass !== undefined && storageClass !== "STANDARD";
  if (isOther && !dialect.storageClasses) yield `storage class "${storageClass}"`;
  if (acl !== undefined && acl !== "private" && !dialect.acl) yield "access lists";
}

const ENCRYPTION_OPTIONS = {
  AES256: { type: true },
  "aws:kms": { type: true, keyId: true, context: true, bucketKey: true },
  customer: { type: true, key: true },
} as const;

/**
 * Checks the options of encryption.
 *
 * @throws TypeError for wrong options. For example, if the option `keyId` were misspelt, a different key would encrypt the
 * objects.
 */
export function assertEncryption(caller: string, encryption: Encryption): void {
  if (typeof encryption !== "object" || encryption === null) {
    throw new TypeError(`${caller}: encryption must be an object such as { type: "AES256" }`);
  }
  const type = oneOf(caller, "encryption.type", encryption.type, ["AES256", "aws:kms", "customer"]);
  knownNames<Encryption>(`${caller}: encryption of the type "${type}"`, encryption, ENCRYPTION_OPTIONS[type]);
  if (encryption.type === "aws:kms") {
    const { keyId, context = {}, bucketKey } = encryption;
    if (keyId !== undefined) nonEmptyText(caller, "encryption.keyId", keyId, "the id or the ARN of a key");
    oneOf(caller, "encryption.bucketKey", bucketKey, [undefined, true, false]);
    for (const [name, value] of Object.entries(context)) {
      anyText(caller, `encryption.context.${name}`, value, "a text");
    }
  }
  if (encryption.type !== "customer") return;
  const { key } = encryption;
  if (types.isUint8Array(key) && key.byteLength === CUSTOMER_KEY_BYTES) return;
  throw new TypeError(`${caller}: encryption.key must be a Uint8Array of ${CUSTOMER_KEY_BYTES} bytes`);
}

/** @throws TypeError for tags that S3 does not accept. */
export function assertTags(tags: Readonly<Record<string, string>> | undefined): void {
  if (tags !== undefined && (typeof tags !== "object" || tags === null || Array.isArray(tags))) {
    throw new TypeError('s3: tags must be an object such as { kind: "master" }');
  }
  const entries = Object.entries(tags ?? {});
  if (entries.length > TAGS_MAX) throw new TypeError(`s3: tags must have at most ${TAGS_MAX} entries`);
  for (const [name, value] of entries) {
    const isNamed = name !== "" && name.length <= TAG_NAME_LENGTH_MAX && !name.startsWith("aws:");
    if (isNamed && typeof value === "string" && value.length <= TAG_VALUE_LENGTH_MAX) continue;
    const limits = `a name of 1 to ${TAG_NAME_LENGTH_MAX} and a value of at most ${TAG_VALUE_LENGTH_MAX} characters`;
    throw new TypeError(`s3: the tag ${JSON.stringify(name)} must have ${limits}`);
  }
}
