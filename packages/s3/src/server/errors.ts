import {
  StorageError,
  isNotSent,
  isStorageError,
  type Applied,
  type Operation,
  type StorageErrorCode,
} from "@stowage/core/provider";
import { S3FailureError, type S3Failure } from "./client.js";

/** Which call of which provider failed, and what helps to explain it. */
export interface FailureContext {
  readonly operation: Operation;
  readonly provider: string;
  readonly bucket: string;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The permission that the call needs, such as `"s3:PutObject"`. */
  readonly action: string;
  /** Whether the call changes something. */
  readonly writes: boolean;
  /** What a broken condition means: a create-only write that lost, or another version. */
  readonly condition?: "AlreadyExists" | "PreconditionFailed" | undefined;
}

type Explanation = readonly [code: StorageErrorCode, reason: string];

/**
 * What the servers' codes mean.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const CODES: Readonly<Record<string, Explanation>> = {
  NoSuchKey: ["NotFound", "there is no such object"],
  NoSuchVersion: ["NotFound", "there is no such version"],
  NoSuchUpload: ["Unavailable", "the upload is gone: somebody aborted it"],
  InvalidAccessKeyId: ["Unauthenticated", "the access key is not known"],
  SignatureDoesNotMatch: ["Unauthenticated", "the signature does not match: is the secret key right?"],
  ExpiredToken: ["Unauthenticated", "the session token has expired"],
  TokenRefreshRequired: ["Unauthenticated", "the session token has expired"],
  InvalidToken: ["Unauthenticated", "the session token is not valid"],
  RequestTimeTooSkewed: ["Unauthenticated", "the clock of this machine is wrong"],
  CredentialsProviderError: [
    "Unauthenticated",
    "no credentials were found: give some, or set AWS_ACCESS_KEY_ID",
  ],
  MissingRegion: ["Misconfigured", "no region was found: give one, or set AWS_REGION"],
  MissingSecurityHeader: ["Unauthenticated", "the request was not signed"],
  SlowDown: ["RateLimited", "the server asks to slow down"],
  TooManyRequests: ["RateLimited", "the server asks to slow down"],
  TooManyRequestsException: ["RateLimited", "the server asks to slow down"],
  Throttling: ["RateLimited", "the server asks to slow down"],
  ThrottlingException: ["RateLimited", "the server asks to slow down"],
  RequestLimitExceeded: ["RateLimited", "the server asks to slow down"],
  RequestTimeout: ["Timeout", "the server waited too long for the body"],
  EntityTooLarge: ["TooLarge", "the object is larger than the server takes"],
  MaxMessageLengthExceeded: ["TooLarge", "the request is larger than the server takes"],
  QuotaExceeded: ["OutOfSpace", "the quota is used up"],
  XMinioStorageFull: ["OutOfSpace", "the server's disks are full"],
  InvalidObjectState: ["Archived", "the object is archived and must be restored first"],
  KeyTooLongError: ["Unsupported", "the key is longer than the server takes"],
  InvalidObjectName: ["Unsupported", "the server does not take such a key"],
  InvalidURI: ["Unsupported", "the server does not take such a key"],
  InvalidRange: ["InvalidRange", "the range lies outside the object"],
  BadDigest: ["Integrity", "the bytes that arrived are not those that were sent"],
  InvalidDigest: ["Integrity", "the bytes that arrived are not those that were sent"],
  XAmzContentSHA256Mismatch: ["Integrity", "the bytes that arrived are not those that were sent"],
  XAmzContentChecksumMismatch: ["Integrity", "the bytes that arrived are not those that were sent"],
  IncompleteBody: ["Unavailable", "the server received only part of the body"],
  NotImplemented: ["Unsupported", "the server cannot do that"],
  MethodNotAllowed: ["Unsupported", "the server cannot do that"],
  MetadataTooLarge: ["InvalidArgument", "the metadata is longer than the server takes"],
  InvalidArgument: ["InvalidArgument", "the server refused an argument"],
  InvalidRequest: ["InvalidArgument", "the server refused the request"],
  InvalidStorageClass: ["Unsupported", "the server has no such storage class"],
  AccessControlListNotSupported: [
    "Misconfigured",
    "the bucket takes no access lists: leave acl out, and make objects public by a policy of the bucket",
  ],
  InvalidTag: ["InvalidArgument", "the server does not take such tags"],
  "KMS.NotFoundException": ["Misconfigured", "there is no such key in the key management service"],
  "KMS.DisabledException": ["Misconfigured", "the key of the key management service is disabled"],
  MalformedXML: ["Unsupported", "the server does not understand the request"],
  EntityTooSmall: ["Misconfigured", "the server wants larger parts: raise partSizeBytes"],
};

/** Translates a failed request; everything else passes unchanged. */
export function toS3Error(error: unknown, context: FailureContext): unknown {
  if (isStorageError(error) || !(error instanceof S3FailureError)) return error;
  if (context.signal?.aborted === true) return context.signal.reason;
  const { failure } = error;
  const [code, reason] = explain(failure, context);
  return new StorageError(code, reason, {
    operation: context.operation,
    provider: context.provider,
    key: context.key,
    applied: appliedBy(failure, code, context),
    status: failure.status,
    requestId: failure.requestId,
    retryAfterMs: failure.retryAfterMs,
    cause: failure.cause,
  });
}

function explain(failure: S3Failure, context: FailureContext): Explanation {
  const { code, status } = failure;
  const { bucket, action, condition } = context;
  const own = JSON.stringify(bucket);
  if (code === "NoSuchBucket") return ["Misconfigured", `the bucket ${own} does not exist`];
  if (code === "InvalidBucketName") return ["Misconfigured", `${own} cannot be the name of a bucket`];
  if (isRedirect(failure)) return ["Misconfigured", redirection(own, failure)];
  if (status === 412 || code === "PreconditionFailed" || code === "ConditionalRequestConflict") {
    if (condition === "AlreadyExists") return ["AlreadyExists", "the key has an object"];
    return ["PreconditionFailed", "the object is another version, or there is none"];
  }
  // Without a key no object was asked for; a bucket's 404 must never look like a missing one.
  if (status === 404 && context.key === undefined)
    return [
      "Misconfigured",
      `the bucket ${own}, or what the request names beside it, does not exist (${code})`,
    ];
  const known = CODES[code];
  if (known !== undefined) return known;
  if (status === 403) {
    return ["PermissionDenied", `access was denied; it needs ${action} in the bucket ${own}`];
  }
  return byStatus(failure);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html */
function isRedirect({ code, status }: S3Failure): boolean {
  return (
    code === "AuthorizationHeaderMalformed" ||
    code === "IllegalLocationConstraintException" ||
    (status !== undefined && status >= 300 && status < 400 && status !== 304)
  );
}

function redirection(bucket: string, { bucketRegion }: S3Failure): string {
  const known = bucketRegion === undefined ? "" : `: it is in ${JSON.stringify(bucketRegion)}`;
  return `the bucket ${bucket} is not in the configured region, or not at this endpoint${known}`;
}

function byStatus({ code, status }: S3Failure): Explanation {
  if (status === undefined) return ["Unavailable", `the server could not be asked (${code})`];
  if (status === 404) return ["NotFound", "there is no such object"];
  if (status === 416) return ["InvalidRange", "the range lies outside the object"];
  if (status === 401) return ["Unauthenticated", "the credentials were refused"];
  if (status === 405 || status === 501) return ["Unsupported", "the server cannot do that"];
  if (status === 413) return ["TooLarge", "the request is larger than the server takes"];
  if (status === 429) return ["RateLimited", "the server asks to slow down"];
  if (status === 507) return ["OutOfSpace", "the server has no space left"];
  if (status >= 500) return ["Unavailable", `the server answered ${status}`];
  if (status < 300) return ["Unavailable", "the server's answer makes no sense: is the endpoint right?"];
  return ["Unknown", `the server answered ${status} ${code}`];
}

const SERVER_FAILURES: ReadonlySet<StorageErrorCode> = new Set(["Unavailable", "Timeout", "Unknown"]);

/** A write whose request left may have taken effect, unless the server says that it has not. */
function appliedBy(failure: S3Failure, code: StorageErrorCode, { writes }: FailureContext): Applied {
  if (!writes || !SERVER_FAILURES.has(code)) return "no";
  if (failure.status === undefined) return isNotSent(failure.code) ? "no" : "unknown";
  return failure.status >= 500 || failure.status < 300 ? "unknown" : "no";
}
