import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { Encryption, ObjectOptions } from "../server/object-options.js";

/**
 * The request fields that follow from the provider's options for objects. These fields are the same in all requests of
 * one provider.
 */
export interface ObjectInputs {
  /** The fields of requests that make an object. */
  readonly made: Partial<PutObjectCommandInput>;
  /** The fields of requests that read an object or send a part. */
  readonly opened: CustomerKey;
}

interface CustomerKey {
  readonly SSECustomerAlgorithm?: string;
  readonly SSECustomerKey?: string;
}

export function objectInputs({ encryption, storageClass, tags, acl, lock }: ObjectOptions): ObjectInputs {
  const made: Partial<PutObjectCommandInput> = {
    ...encryptionInput(encryption),
    StorageClass: storageClass,
    ACL: acl,
    Tagging: tags && taggingHeader(tags),
    ObjectLockMode: lock?.mode,
    ObjectLockRetainUntilDate: lock?.retainUntil,
    ObjectLockLegalHoldStatus: lock?.legalHold === true ? "ON" : undefined,
  };
  const given = Object.entries(made).filter(([, value]) => value !== undefined);
  return { made: Object.fromEntries(given), opened: customerKey(encryption) };
}

/** Returns tags as the value of a header. Encodes a space as `%20`, because Ceph does not decode a plus. */
function taggingHeader(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
}

function encryptionInput(encryption: Encryption | undefined): Partial<PutObjectCommandInput> {
  if (encryption?.type === "AES256") return { ServerSideEncryption: "AES256" };
  if (encryption?.type !== "aws:kms") return customerKey(encryption);
  const { keyId, context, bucketKey } = encryption;
  return {
    ServerSideEncryption: "aws:kms",
    SSEKMSKeyId: keyId,
    SSEKMSEncryptionContext: context && contextHeader(context),
    BucketKeyEnabled: bucketKey,
  };
}

function contextHeader(context: Readonly<Record<string, string>>): string {
  return Buffer.from(JSON.stringify(context)).toString("base64");
}

/** Returns the fields for a customer's key. The SDK adds the digest of the key. */
function customerKey(encryption: Encryption | undefined): CustomerKey {
  if (encryption?.type !== "customer") return {};
  return { SSECustomerAlgorithm: "AES256", SSECustomerKey: Buffer.from(encryption.key).toString("base64") };
}

/** Returns the fields for the customer's key of the source of a copy. */
export function copiedKey(encryption: Encryption | undefined): {
  readonly CopySourceSSECustomerAlgorithm?: string;
  readonly CopySourceSSECustomerKey?: string;
} {
  const { SSECustomerAlgorithm, SSECustomerKey } = customerKey(encryption);
  if (SSECustomerKey === undefined) return {};
  return {
    CopySourceSSECustomerAlgorithm: SSECustomerAlgorithm ?? "",
    CopySourceSSECustomerKey: SSECustomerKey,
  };
}

/** Returns the encryption of an object, as an answer names it. */
export function encryptionOf({
  ServerSideEncryption,
  SSECustomerAlgorithm,
}: {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
}): string | undefined {
  return SSECustomerAlgorithm === undefined ? ServerSideEncryption : "customer";
}

/** Returns the options of objects as fields of a form. Leaves out locks, because a lock requires a digest of the file. */
export function formInputs(options: ObjectOptions): Record<string, string | undefined> {
  const { encryption, storageClass, tags, acl } = options;
  const kms = encryption?.type === "aws:kms" ? encryption : undefined;
  return {
    acl,
    tagging: tags && taggingXml(tags),
    "x-amz-storage-class": storageClass,
    "x-amz-server-side-encryption": encryption?.type === "customer" ? undefined : encryption?.type,
    "x-amz-server-side-encryption-aws-kms-key-id": kms?.keyId,
    "x-amz-server-side-encryption-context": kms?.context && contextHeader(kms.context),
    "x-amz-server-side-encryption-bucket-key-enabled": kms?.bucketKey?.toString(),
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
function taggingXml(tags: Readonly<Record<string, string>>): string {
  const set = Object.entries(tags).map(
    ([name, value]) => `<Tag><Key>${escapeXml(name)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
  );
  return `<Tagging><TagSet>${set.join("")}</TagSet></Tagging>`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
