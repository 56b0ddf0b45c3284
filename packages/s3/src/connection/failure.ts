import { RefusedError } from "@stowage/core/provider";
import { S3FailureError, type S3Failure } from "../server/client.js";
import { localFailure } from "./local-failure.js";
import { safeCause, safeId, safeName } from "./safe-cause.js";

/**
 * Makes a request, and throws its failure as an {@link S3FailureError}. Makes the request once more if the answer has shown that
 * the request was signed with a wrong time.
 *
 * @param clockOffsetMs - Returns the number of milliseconds by which the server's clock is ahead. The number is 0 until
 * an answer shows a difference.
 */
export async function attempt<T>(
  signal: AbortSignal | undefined,
  send: () => Promise<T>,
  clockOffsetMs: () => number,
): Promise<T> {
  const before = clockOffsetMs();
  try {
    try {
      return await send();
    } catch (error) {
      if (!isSkewed(error, before, clockOffsetMs())) throw error;
      return await send();
    }
  } catch (error) {
    if (error instanceof RefusedError) throw error.reason;
    if (signal?.aborted === true) throw signal.reason;
    throw error instanceof S3FailureError ? error : new S3FailureError(failureOf(error));
  }
}

/**
 * The smallest difference between this machine's clock and the server's clock that can make a server refuse a request,
 * in milliseconds. S3 itself allows 15 minutes.
 */
const CLOCK_MS_MIN = 60_000;

/**
 * The statuses that a server may send if the signing time of a request is wrong. The status is used because the answer
 * to a HEAD has no error code.
 */
const REFUSALS: ReadonlySet<number | undefined> = new Set([400, 401, 403]);

/**
 * Tells whether a request failed because its signing time was wrong. The server's answer has then shown the right time.
 */
function isSkewed(error: unknown, before: number, after: number): boolean {
  const { code, status } = error instanceof S3FailureError ? error.failure : failureOf(error);
  if (code === "RequestTimeTooSkewed") return true;
  return REFUSALS.has(status) && Math.abs(after - before) > CLOCK_MS_MIN;
}

interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly Region?: unknown;
  readonly $metadata?:
    | { readonly httpStatusCode?: number | undefined; readonly requestId?: string | undefined }
    | undefined;
  readonly $response?: { readonly headers?: Record<string, string> } | undefined;
}

/**
 * The names of SDK errors that mean 404. If an application creates such an error itself, the error has no status, so
 * its name is needed.
 */
const MISSING: ReadonlySet<unknown> = new Set(["NotFound", "NoSuchKey", "NoSuchVersion", "NoSuchUpload"]);

/**
 * Returns the failure that an SDK error describes. Leaves out everything that comes from the request or from the body of the
 * answer.
 */
export function failureOf(error: unknown): S3Failure {
  const local = localFailure(error);
  if (local !== undefined) return local;
  const { name, code, Code, Region, $metadata, $response } = Object(error) as SdkError;
  const headers = $response?.headers ?? {};
  const status = $metadata?.httpStatusCode ?? (MISSING.has(name) ? 404 : undefined);
  return {
    code: [Code, code, name].map(safeName).find((text) => text !== undefined) ?? "Unknown",
    status,
    requestId: safeId($metadata?.requestId),
    retryAfterMs: retryAfterIn(headers),
    deniedAction: deniedActionIn(error),
    bucketRegion: safeName(headers["x-amz-bucket-region"]) ?? safeName(Region),
    cause: safeCause(error),
  };
}

/**
 * Returns the missing permission that Amazon names in a refusal.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
 */
function deniedActionIn(error: unknown): string | undefined {
  const { message } = Object(error) as { readonly message?: unknown };
  if (typeof message !== "string") return undefined;
  return /not authorized to perform: ([a-z0-9-]{1,64}:[A-Za-z]{1,64})/.exec(message)?.[1];
}

/**
 * Returns the time, in milliseconds, for which the server asks the client to wait. The header contains a number of
 * seconds, or a time by the server's clock.
 */
function retryAfterIn(headers: Readonly<Record<string, string>>): number | undefined {
  const text = headers["retry-after"];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds >= 0) return seconds * 1000;
  const now = Date.parse(headers["date"] ?? "") || Date.now();
  const until = Date.parse(text);
  return Number.isNaN(until) ? undefined : Math.max(0, until - now);
}

/**
 * Returns the failure for an answer that reports success, but lacks a value that every S3 server sends. So the endpoint
 * is not an S3 server.
 */
export function senseless(metadata: SdkError["$metadata"]): S3FailureError {
  return new S3FailureError({
    code: "SenselessAnswer",
    status: metadata?.httpStatusCode,
    requestId: safeId(metadata?.requestId),
    cause: undefined,
  });
}

/**
 * Checks a successful answer that may lack an ETag. Some servers send no ETag, but every answer of an S3 server has at least a
 * request id.
 */
export function assertSensible(etag: string | undefined, metadata: SdkError["$metadata"]): void {
  if (etag === undefined && metadata?.requestId === undefined) throw senseless(metadata);
}

export function required(text: string | undefined, metadata: SdkError["$metadata"]): string {
  if (text === undefined || text === "") throw senseless(metadata);
  return text;
}
