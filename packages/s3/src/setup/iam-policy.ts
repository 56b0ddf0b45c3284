import type { StorageProvider } from "@stowage/core/provider";
import { OWN } from "../own-provider.js";
import { partitionOf } from "../server/amazon.js";
import { arnOf, assertLiteral } from "./arn.js";
import type { ObjectOptions } from "../server/object-options.js";

/** A kind of call that an application makes with a provider. */
export type PolicyVerb =
  | "put"
  | "get"
  | "head"
  | "delete"
  | "list"
  | "copy"
  | "multipart"
  | "versions"
  | "tags"
  | "restore"
  | "setup";

/** One statement of a policy, with the actions that it allows and their resource. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: string;
  readonly Condition?: object;
}

/** A policy in the form that IAM reads. */
export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

/**
 * The permissions on objects. A put needs several permissions: a put in parts removes its parts if it fails, and a put
 * that gets no answer looks for its object.
 */
const OBJECT_ACTIONS: Readonly<Record<PolicyVerb, readonly string[]>> = {
  put: ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:GetObject"],
  get: ["s3:GetObject"],
  head: ["s3:GetObject"],
  delete: ["s3:DeleteObject"],
  list: [],
  copy: [
    "s3:GetObject",
    "s3:GetObjectTagging",
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:AbortMultipartUpload",
  ],
  multipart: ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:GetObject"],
  versions: ["s3:GetObjectVersion", "s3:DeleteObjectVersion"],
  tags: ["s3:GetObjectTagging", "s3:PutObjectTagging"],
  restore: ["s3:RestoreObject"],
  setup: ["s3:AbortMultipartUpload"],
};

/**
 * The verbs that need to list keys below the prefix. Without the permission to list, S3 answers "forbidden" for a missing
 * object.
 */
const LISTING: ReadonlySet<PolicyVerb> = new Set(["list", "get", "head", "copy"]);

/** The permissions on the bucket as a whole. */
const BUCKET_ACTIONS: Readonly<Partial<Record<PolicyVerb, readonly string[]>>> = {
  put: ["s3:ListBucketMultipartUploads"],
  copy: ["s3:ListBucketMultipartUploads"],
  multipart: ["s3:ListBucketMultipartUploads"],
  setup: [
    "s3:GetBucketCORS",
    "s3:PutBucketCORS",
    "s3:GetLifecycleConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:PutBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
    "s3:PutEncryptionConfiguration",
    "s3:GetBucketLogging",
    "s3:PutBucketLogging",
    "s3:GetBucketNotification",
    "s3:PutBucketNotification",
    "s3:ListBucketMultipartUploads",
  ],
};

/**
 * Returns a policy for the user or the role of the application. The policy has exactly the permissions that these verbs
 * need with this provider.
 *
 * @param provider - A provider that `s3()` returned. The policy depends on its bucket, its prefix and its options for
 * objects.
 * @throws TypeError for a provider that `s3()` did not return, and for an unknown verb.
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 * @example
 * ```ts
 * console.log(JSON.stringify(iamPolicy(provider, ["put", "get"]), undefined, 2));
 * ```
 */
export function iamPolicy(provider: StorageProvider, verbs: readonly PolicyVerb[]): PolicyDocument {
  const { store, keyPrefix } = OWN.require(provider, "iamPolicy");
  const unknown = verbs.find((verb) => !(verb in OBJECT_ACTIONS));
  if (unknown !== undefined) {
    throw new TypeError(
      `iamPolicy: a verb must be one of ${Object.keys(OBJECT_ACTIONS).join(", ")}, not ${JSON.stringify(unknown)}`,
    );
  }
  assertLiteral(store, keyPrefix);
  const arn = arnOf(store);
  const writes = verbs.some((verb) => ["put", "copy", "multipart"].includes(verb));
  const onObjects = [
    ...verbs.flatMap((verb) => OBJECT_ACTIONS[verb]),
    ...(writes ? writing(store.objects) : []),
  ];
  const onBucket = verbs.flatMap((verb) => BUCKET_ACTIONS[verb] ?? []);
  const needed = verbs.some((verb) => verb === "list" || (store.canList && LISTING.has(verb)));
  const listing = needed ? ["s3:ListBucket"] : [];
  const below = { StringLike: { "s3:prefix": `${keyPrefix}*` } };
  const statements: PolicyStatement[] = [
    allow("Objects", onObjects, `${arn}/${keyPrefix}*`),
    allow("Listing", listing, arn, keyPrefix === "" ? undefined : below),
    allow("Bucket", onBucket, arn),
    allow("Keys", keyActions(store.objects, verbs), ...keyOf(store.objects, store.server().region)),
  ];
  return { Version: "2012-10-17", Statement: statements.filter(({ Action }) => Action.length > 0) };
}

function allow(
  name: string,
  actions: readonly string[],
  resource: string,
  condition?: object,
): PolicyStatement {
  const Action = [...new Set(actions)].toSorted();
  const statement = { Sid: `Stowage${name}`, Effect: "Allow", Action, Resource: resource } as const;
  return condition === undefined ? statement : { ...statement, Condition: condition };
}

/** Returns the further permissions that are needed to store objects with an access list, tags or a lock. */
function writing({ acl, tags, lock }: ObjectOptions): readonly string[] {
  return [
    ...(acl === undefined ? [] : ["s3:PutObjectAcl"]),
    ...(tags === undefined ? [] : ["s3:PutObjectTagging"]),
    ...(lock?.mode === undefined ? [] : ["s3:PutObjectRetention"]),
    ...(lock?.legalHold === true ? ["s3:PutObjectLegalHold"] : []),
  ];
}

/**
 * Returns the permissions on the encryption key. Uploads need the permission to decrypt too: the server decrypts the stored
 * parts when it completes the upload.
 */
function keyActions({ encryption }: ObjectOptions, verbs: readonly PolicyVerb[]): readonly string[] {
  if (encryption?.type !== "aws:kms" || verbs.every((verb) => OBJECT_ACTIONS[verb].length === 0)) return [];
  return ["kms:Decrypt", "kms:GenerateDataKey"];
}

/** Returns the encryption key in the form that policies need. A policy can name an alias only in a condition. */
function keyOf({ encryption }: ObjectOptions, region = "*"): readonly [resource: string, condition?: object] {
  const keyId = encryption?.type === "aws:kms" ? encryption.keyId : undefined;
  if (keyId?.startsWith("arn:") === true && !keyId.includes(":alias/")) return [keyId];
  const { name, domain } = partitionOf(region);
  const keys = `arn:${name}:kms:${region}:*:key/`;
  if (keyId === undefined) return [`${keys}*`, { StringLike: { "kms:ViaService": `s3.*.${domain}` } }];
  const [, alias] = /(alias\/.+)$/.exec(keyId) ?? [];
  if (alias === undefined) return [`${keys}${keyId}`];
  return [`${keys}*`, { "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias } }];
}
