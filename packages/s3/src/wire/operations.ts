import { createHash } from "node:crypto";
import type { CommandName } from "../requests/commands.js";
import { readers, type Output } from "./answers.js";
import { encodePath } from "./encode.js";
import { escapeXml } from "./xml.js";

/** The fields of a request, by the names of the SDK. */
export type Input = Readonly<Record<string, unknown>>;

/** An HTTP request that is not signed yet. */
export interface Plain {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** The key, encoded. Absent if the request is about the bucket. */
  readonly path: string | undefined;
  readonly query: (readonly [name: string, value: string])[];
  /** The headers, with lower-case names. */
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | undefined;
}

/** A request of S3. */
export interface OperationOfS3 {
  readonly method: Plain["method"];
  /** The query parameters that every request of this kind has. Some of them have no value. */
  readonly query?: Readonly<Record<string, string>>;
  /** The document that the request carries. */
  readonly document?: (input: Input) => string;
  /** True if the body carries a digest whatever the options say. */
  readonly hasDigest?: boolean;
  /** True if the answer is the object itself. */
  readonly isStream?: boolean;
  /** True if sending the request twice is the same as sending it once. */
  readonly isRepeatable: (input: Input) => boolean;
  /** Makes the fields of the answer from its document. */
  readonly read?: (text: string) => Output;
}

const always = (): boolean => true;
const never = (): boolean => false;
const unconditional = ({ IfMatch, IfNoneMatch }: Input): boolean =>
  IfMatch === undefined && IfNoneMatch === undefined;

/** The requests that this wire sends. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
export const OPERATIONS: Readonly<Record<CommandName, OperationOfS3>> = {
  PutObject: { method: "PUT", isRepeatable: unconditional },
  GetObject: { method: "GET", isStream: true, isRepeatable: always },
  HeadObject: { method: "HEAD", isRepeatable: always },
  DeleteObject: { method: "DELETE", isRepeatable: unconditional },
  DeleteObjects: {
    method: "POST",
    query: { delete: "" },
    document: deletion,
    hasDigest: true,
    isRepeatable: always,
    read: readers.deletion,
  },
  ListObjectsV2: {
    method: "GET",
    query: { "list-type": "2" },
    isRepeatable: always,
    read: readers.listing,
  },
  CopyObject: { method: "PUT", isRepeatable: never, read: readers.copy },
  CreateMultipartUpload: {
    method: "POST",
    query: { uploads: "" },
    isRepeatable: never,
    read: readers.created,
  },
  UploadPart: { method: "PUT", isRepeatable: always },
  UploadPartCopy: { method: "PUT", isRepeatable: always, read: readers.partCopy },
  ListParts: { method: "GET", isRepeatable: always, read: readers.parts },
  CompleteMultipartUpload: {
    method: "POST",
    document: completion,
    isRepeatable: never,
    read: readers.completed,
  },
  AbortMultipartUpload: { method: "DELETE", isRepeatable: always },
  ListMultipartUploads: {
    method: "GET",
    query: { uploads: "" },
    isRepeatable: always,
    read: readers.uploads,
  },
  GetObjectTagging: {
    method: "GET",
    query: { tagging: "" },
    isRepeatable: always,
    read: readers.tags,
  },
  PutObjectTagging: {
    method: "PUT",
    query: { tagging: "" },
    document: tagging,
    hasDigest: true,
    isRepeatable: always,
  },
};

/** The headers with a customer's key. */
const KEY = "x-amz-server-side-encryption-customer-key";
const COPIED_KEY = "x-amz-copy-source-server-side-encryption-customer-key";

/** The headers of requests, by the SDK's names of the fields. */
const HEADERS: Readonly<Record<string, string>> = {
  ACL: "x-amz-acl",
  BucketKeyEnabled: "x-amz-server-side-encryption-bucket-key-enabled",
  CacheControl: "cache-control",
  ChecksumAlgorithm: "x-amz-sdk-checksum-algorithm",
  ChecksumCRC32: "x-amz-checksum-crc32",
  ChecksumCRC32C: "x-amz-checksum-crc32c",
  ChecksumMode: "x-amz-checksum-mode",
  ChecksumSHA256: "x-amz-checksum-sha256",
  ContentDisposition: "content-disposition",
  ContentEncoding: "content-encoding",
  ContentLanguage: "content-language",
  ContentMD5: "content-md5",
  ContentType: "content-type",
  CopySource: "x-amz-copy-source",
  CopySourceIfMatch: "x-amz-copy-source-if-match",
  CopySourceRange: "x-amz-copy-source-range",
  CopySourceSSECustomerAlgorithm: "x-amz-copy-source-server-side-encryption-customer-algorithm",
  CopySourceSSECustomerKey: COPIED_KEY,
  IfMatch: "if-match",
  IfNoneMatch: "if-none-match",
  MetadataDirective: "x-amz-metadata-directive",
  ObjectLockLegalHoldStatus: "x-amz-object-lock-legal-hold",
  ObjectLockMode: "x-amz-object-lock-mode",
  ObjectLockRetainUntilDate: "x-amz-object-lock-retain-until-date",
  Range: "range",
  SSECustomerAlgorithm: "x-amz-server-side-encryption-customer-algorithm",
  SSECustomerKey: KEY,
  SSEKMSEncryptionContext: "x-amz-server-side-encryption-context",
  SSEKMSKeyId: "x-amz-server-side-encryption-aws-kms-key-id",
  ServerSideEncryption: "x-amz-server-side-encryption",
  StorageClass: "x-amz-storage-class",
  Tagging: "x-amz-tagging",
  TaggingDirective: "x-amz-tagging-directive",
};

/** The parameters of requests, by the SDK's names of the fields. */
const PARAMETERS: Readonly<Record<string, string>> = {
  ContinuationToken: "continuation-token",
  Delimiter: "delimiter",
  EncodingType: "encoding-type",
  KeyMarker: "key-marker",
  MaxKeys: "max-keys",
  PartNumber: "partNumber",
  PartNumberMarker: "part-number-marker",
  Prefix: "prefix",
  StartAfter: "start-after",
  UploadId: "uploadId",
  UploadIdMarker: "upload-id-marker",
  VersionId: "versionId",
};

/** The header that names the checksum's algorithm in the request that begins an upload. */
const ALGORITHM_OF_UPLOAD = "x-amz-checksum-algorithm";

/** Returns a command as an HTTP request. */
export function plainRequest(name: CommandName, input: Input): Plain {
  const { method, query: fixed = {}, document } = OPERATIONS[name];
  const headers: Record<string, string> = {};
  const query: Plain["query"] = Object.entries(fixed);
  for (const [field, value] of Object.entries(input)) {
    const text = textOf(value);
    if (text === undefined) continue;
    const header = HEADERS[field];
    const parameter = PARAMETERS[field];
    if (parameter !== undefined) query.push([parameter, text]);
    else if (header !== undefined) headers[header] = text;
  }
  addMetadata(headers, input["Metadata"]);
  addKeyDigest(headers, KEY);
  addKeyDigest(headers, COPIED_KEY);
  if (name === "CreateMultipartUpload") moveAlgorithm(headers);
  const body =
    document === undefined ? (input["Body"] as Uint8Array | undefined) : Buffer.from(document(input));
  if (document !== undefined) headers["content-type"] = "application/xml";
  const key = input["Key"] as string | undefined;
  return { method, path: key === undefined ? undefined : encodePath(key), query, headers, body };
}

function addMetadata(headers: Record<string, string>, metadata: unknown): void {
  for (const [name, value] of Object.entries(metadata ?? {})) headers[`x-amz-meta-${name}`] = String(value);
}

/** Adds the digest of a customer's key. S3 requires it, to notice a key that was damaged on the way. */
function addKeyDigest(headers: Record<string, string>, header: string): void {
  const key = headers[header];
  if (key === undefined) return;
  headers[`${header}-md5`] = createHash("md5").update(Buffer.from(key, "base64")).digest("base64");
}

function moveAlgorithm(headers: Record<string, string>): void {
  const algorithm = headers["x-amz-sdk-checksum-algorithm"];
  if (algorithm === undefined) return;
  headers[ALGORITHM_OF_UPLOAD] = algorithm;
  delete headers["x-amz-sdk-checksum-algorithm"];
}

/** Returns the text of a field. Returns `undefined` for a field that is not sent, and for one that has fields of its own. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value instanceof Date ? value.toISOString().replace(/\.000Z$/, "Z") : undefined;
}

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

function deletion({ Delete }: Input): string {
  const { Objects } = Delete as { readonly Objects: readonly { readonly Key: string }[] };
  const objects = Objects.map(({ Key }) => `<Object><Key>${escapeXml(Key)}</Key></Object>`);
  return `<Delete ${NAMESPACE}>${objects.join("")}</Delete>`;
}

function completion({ MultipartUpload }: Input): string {
  const { Parts } = MultipartUpload as { readonly Parts: readonly Input[] };
  const parts = Parts.map((part) => `<Part>${elements(part)}</Part>`);
  return `<CompleteMultipartUpload ${NAMESPACE}>${parts.join("")}</CompleteMultipartUpload>`;
}

function tagging({ Tagging }: Input): string {
  const { TagSet } = Tagging as { readonly TagSet: readonly Input[] };
  const tags = TagSet.map((tag) => `<Tag>${elements(tag)}</Tag>`);
  return `<Tagging ${NAMESPACE}><TagSet>${tags.join("")}</TagSet></Tagging>`;
}

function elements(fields: Input): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    .join("");
}
