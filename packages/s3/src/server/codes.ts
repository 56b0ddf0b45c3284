import type { StorageErrorCode } from "@stowage/core/provider";

/** The code of a failure, and its reason in words. */
export type Explanation = readonly [code: StorageErrorCode, reason: string];

const SLOW_DOWN: Explanation = ["RateLimited", "the server asks to slow down"];
const EXPIRED: Explanation = ["Unauthenticated", "the session token has expired"];
const OTHER_BYTES: Explanation = ["Integrity", "the received bytes differ from the sent bytes"];
const BUSY_KEY: Explanation = [
  "Unavailable",
  "a different request was changing the key or the bucket at that moment",
];
const PARENT: Explanation = [
  "Unsupported",
  "on this server, a folder in the key is already an object, or the key is already a folder",
];
const QUOTA: Explanation = ["OutOfSpace", "the quota is used up"];
const FULL: Explanation = ["OutOfSpace", "the server's disks are full"];

/**
 * The meanings of the error codes that servers send.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 * @see https://github.com/minio/minio/blob/master/cmd/api-errors.go
 */
const CODES: Readonly<Record<string, Explanation>> = {
  NoSuchKey: ["NotFound", "there is no such object"],
  NoSuchVersion: ["NotFound", "there is no such version"],
  NoSuchUpload: ["Unavailable", "the upload does not exist any more: it was aborted or completed"],
  InvalidAccessKeyId: ["Unauthenticated", "the server does not know the access key"],
  SignatureDoesNotMatch: ["Unauthenticated", "the signature does not match: is the secret key right?"],
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  InvalidToken: ["Unauthenticated", "the session token is not valid"],
  InvalidClientTokenId: ["Unauthenticated", "the server does not know the access key"],
  RequestTimeTooSkewed: ["Unauthenticated", "the clock of this machine is wrong"],
  RequestExpired: ["Unauthenticated", "the clock of this machine is wrong"],
  MissingSecurityHeader: ["Unauthenticated", "the request was not signed"],
  SlowDown: SLOW_DOWN,
  SlowDownRead: SLOW_DOWN,
  SlowDownWrite: SLOW_DOWN,
  TooManyRequests: SLOW_DOWN,
  TooManyRequestsException: SLOW_DOWN,
  Throttling: SLOW_DOWN,
  Throttled: SLOW_DOWN,
  ThrottlingException: SLOW_DOWN,
  ThrottledException: SLOW_DOWN,
  RequestThrottled: SLOW_DOWN,
  RequestThrottledException: SLOW_DOWN,
  RequestLimitExceeded: SLOW_DOWN,
  BandwidthLimitExceeded: SLOW_DOWN,
  RequestTimeout: ["Timeout", "the server waited too long for the body"],
  ConditionalRequestConflict: BUSY_KEY,
  OperationAborted: BUSY_KEY,
  ConcurrentModification: BUSY_KEY,
  PriorRequestNotComplete: BUSY_KEY,
  TransactionInProgressException: BUSY_KEY,
  Conflict: BUSY_KEY,
  ObjectAlreadyExists: ["AlreadyExists", "the key already has an object"],
  FileAlreadyExists: ["AlreadyExists", "the key already has an object"],
  EntityTooLarge: ["TooLarge", "the object is larger than the server allows"],
  MaxMessageLengthExceeded: ["TooLarge", "the request is larger than the server allows"],
  QuotaExceeded: QUOTA,
  QuotaExceededException: QUOTA,
  StorageQuotaExceeded: QUOTA,
  XMinioAdminBucketQuotaExceeded: QUOTA,
  XMinioStorageFull: FULL,
  InsufficientStorage: FULL,
  InsufficientCapacity: FULL,
  InvalidObjectState: ["Archived", "the object is archived and must be restored first"],
  KeyTooLongError: ["Unsupported", "the key is longer than the server allows"],
  InvalidObjectName: ["Unsupported", "the server does not allow the key"],
  XMinioInvalidObjectName: ["Unsupported", "the server does not allow the key"],
  InvalidURI: ["Unsupported", "the server does not allow the key"],
  XMinioParentIsObject: PARENT,
  XMinioObjectExistsAsDirectory: PARENT,
  InvalidRange: ["InvalidRange", "the range lies outside the object"],
  BadDigest: OTHER_BYTES,
  InvalidDigest: OTHER_BYTES,
  XAmzContentSHA256Mismatch: OTHER_BYTES,
  XAmzContentChecksumMismatch: OTHER_BYTES,
  IncompleteBody: ["Unavailable", "the server received only part of the body"],
  NotImplemented: ["Unsupported", "the server does not support the operation"],
  MethodNotAllowed: ["Unsupported", "the server does not support the operation"],
  MetadataTooLarge: ["InvalidArgument", "the metadata is longer than the server allows"],
  InvalidArgument: ["InvalidArgument", "the server refused an argument of the request"],
  InvalidRequest: ["InvalidArgument", "the server refused the request"],
  InvalidStorageClass: ["Unsupported", "the server does not have the storage class"],
  AccessControlListNotSupported: [
    "Misconfigured",
    "the bucket does not allow access lists: remove acl, and make objects public with a bucket policy",
  ],
  InvalidTag: ["InvalidArgument", "the server does not allow the tags"],
  MalformedXML: ["Unsupported", "the server does not understand the request"],
  EntityTooSmall: ["Misconfigured", "the server wants larger parts: raise partSizeBytes"],
};

/**
 * The meanings of the error codes of the key management service. In answers these codes begin with `KMS.`.
 *
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
 */
const KMS_CODES: Readonly<Record<string, Explanation>> = {
  NotFoundException: ["Misconfigured", "the key management service does not have the key"],
  DisabledException: ["Misconfigured", "the key of the key management service is disabled"],
  AccessDeniedException: [
    "PermissionDenied",
    "the key management service refused: the credentials need kms:GenerateDataKey and kms:Decrypt for the key",
  ],
};

/** Returns the meaning of a server's code, if the meaning is the same for all requests. */
export function meaningOf(code: string): Explanation | undefined {
  if (Object.hasOwn(CODES, code)) return CODES[code];
  return code.startsWith("KMS.") ? meaningOfKms(code.slice("KMS.".length)) : undefined;
}

function meaningOfKms(code: string): Explanation {
  if (Object.hasOwn(KMS_CODES, code)) return KMS_CODES[code] as Explanation;
  if (/throttl|limitexceeded/i.test(code))
    return ["RateLimited", "the key management service asks to slow down"];
  if (/internal|timeout|unavailable/i.test(code))
    return ["Unavailable", `the key management service does not work (${code})`];
  return ["Misconfigured", `the key management service cannot use the key for this request (${code})`];
}
