import {
  StorageError,
  isNotSent,
  isStorageError,
  type Applied,
  type Operation,
  type StorageErrorCode,
} from "@stowage/core/provider";
import { S3FailureError, type S3Failure } from "./client.js";
import { meaningOf, type Explanation } from "./codes.js";
import { localMeaning } from "./local-codes.js";

/** The facts of a failed call that help to explain the failure. */
export interface FailureContext {
  readonly operation: Operation;
  readonly provider: string;
  readonly bucket: string;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The permission that the call needs, such as `"s3:PutObject"`. */
  readonly action: string;
  /** True if the call changes something. */
  readonly writes: boolean;
  /**
   * The error code for a condition that does not hold. Either a create-only write has found an object, or the object has a
   * different version.
   */
  readonly condition?: "AlreadyExists" | "PreconditionFailed" | undefined;
}

/** Translates the failure of a request into a `StorageError`. Returns every other error unchanged. */
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
    ...(isSettled(failure, context) && { retryable: false }),
    status: failure.status,
    requestId: failure.requestId,
    retryAfterMs: failure.retryAfterMs,
    cause: failure.cause,
  });
}

function explain(failure: S3Failure, context: FailureContext): Explanation {
  const { code, status } = failure;
  const { bucket, action, condition } = context;
  const local = localMeaning(failure);
  if (local !== undefined) return local;
  const own = JSON.stringify(bucket);
  if (code === "NoSuchBucket") return ["Misconfigured", `the bucket ${own} does not exist`];
  if (code === "InvalidBucketName") return ["Misconfigured", `${own} cannot be the name of a bucket`];
  if (isRedirect(failure)) return ["Misconfigured", redirection(own, failure)];
  if (status === 412 || code === "PreconditionFailed") {
    if (condition === "AlreadyExists") return ["AlreadyExists", "the key already has an object"];
    return ["PreconditionFailed", "the object has a different ETag, or does not exist"];
  }
  // A request without a key is not about an object. A 404 for a bucket must never look like a missing object.
  if (status === 404 && context.key === undefined)
    return [
      "Misconfigured",
      `the bucket ${own}, or a resource that the request names, does not exist (${code})`,
    ];
  const known = meaningOf(code);
  if (known !== undefined) return known;
  if (status === 403) {
    return ["PermissionDenied", `access was denied; the credentials need ${action} in the bucket ${own}`];
  }
  return byStatus(failure);
}

/**
 * Tells whether a retry is useless. A retry is useless if it would store the object a second time, or would wait for this
 * process again just as long.
 */
function isSettled({ code }: S3Failure, { writes }: FailureContext): boolean {
  return code === "NoFreeConnection" || (writes && code === "SenselessAnswer");
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html */
function isRedirect({ code, status, bucketRegion }: S3Failure): boolean {
  // The answer to a HEAD has no code. S3 names the region of the bucket in a header.
  const isHeadElsewhere = status === 400 && code.startsWith("Unknown") && bucketRegion !== undefined;
  return (
    isHeadElsewhere ||
    code === "AuthorizationHeaderMalformed" ||
    code === "IllegalLocationConstraintException" ||
    (status !== undefined && status >= 300 && status < 400 && status !== 304)
  );
}

function redirection(bucket: string, { bucketRegion }: S3Failure): string {
  const known = bucketRegion === undefined ? "" : `: the bucket is in ${JSON.stringify(bucketRegion)}`;
  return `the bucket ${bucket} is not in the configured region, or not at this endpoint${known}`;
}

function byStatus({ code, status }: S3Failure): Explanation {
  if (status === undefined) return ["Unavailable", `the server cannot be reached (${code})`];
  if (status === 404) return ["NotFound", "there is no such object"];
  if (status === 416) return ["InvalidRange", "the range lies outside the object"];
  if (status === 401) return ["Unauthenticated", "the credentials were refused"];
  if (status === 405 || status === 501) return ["Unsupported", "the server does not support the operation"];
  if (status === 409 && code.startsWith("Unknown")) return meaningOf("OperationAborted") as Explanation;
  if (status === 413) return ["TooLarge", "the request is larger than the server allows"];
  if (status === 429) return ["RateLimited", "the server asks to slow down"];
  if (status === 507) return ["OutOfSpace", "the server has no space left"];
  if (status >= 500) return ["Unavailable", `the server answered ${status}`];
  if (status < 300) return ["Unavailable", "the server's answer is not an S3 answer: is the endpoint right?"];
  return ["Unknown", `the server answered ${status} ${code}`];
}

const SERVER_FAILURES: ReadonlySet<StorageErrorCode> = new Set(["Unavailable", "Timeout", "Unknown"]);

/**
 * Returns whether a failed call has changed anything. If the request of a write was sent, the write may have taken effect. Only
 * an answer of the server can rule that out.
 */
function appliedBy(failure: S3Failure, code: StorageErrorCode, { writes }: FailureContext): Applied {
  if (!writes) return "no";
  if (failure.applied !== undefined) return failure.applied;
  if (!SERVER_FAILURES.has(code)) return "no";
  if (failure.status === undefined) return isNotSent(failure.code) ? "no" : "unknown";
  return failure.status >= 500 || failure.status < 300 ? "unknown" : "no";
}
