import { RefusedError } from "@stowage/core/provider";
import { S3FailureError, type S3Failure } from "../server/client.js";
import { localFailure } from "./local-failure.js";
import { safeCause, safeId, safeName } from "./safe-cause.js";

/** The part of the SDK's client that knows what time it is at the server. */
interface Clock {
  readonly config?: { readonly systemClockOffset?: number };
}

/** Sends a request, and throws its failure as an {@link S3FailureError}. */
export async function attempt<T>(
  signal: AbortSignal | undefined,
  send: () => Promise<T>,
  clock: Clock = {},
): Promise<T> {
  try {
    return await sendInTime(send, clock);
  } catch (error) {
    if (error instanceof RefusedError) throw error.reason;
    if (signal?.aborted === true) throw signal.reason;
    throw error instanceof S3FailureError ? error : new S3FailureError(failureOf(error));
  }
}

/** Sends a request; once more when the SDK has learned from the answer what time it is. */
async function sendInTime<T>(send: () => Promise<T>, clock: Clock): Promise<T> {
  const before = clock.config?.systemClockOffset;
  try {
    return await send();
  } catch (error) {
    if (!isSkewed(error, before, clock.config?.systemClockOffset)) throw error;
    return await send();
  }
}

/** A smaller difference is no reason for a server to refuse a request, in milliseconds: S3 allows 15 minutes. */
const CLOCK_MS_MIN = 60_000;

/** Answers that may be about the time of a signature. A HEAD has no code that would say so. */
const REFUSALS: ReadonlySet<number | undefined> = new Set([400, 401, 403]);

/** Tells whether a request was signed with a time that its own answer has put right. */
function isSkewed(error: unknown, before: number | undefined, after: number | undefined): boolean {
  const { code, status } = error instanceof S3FailureError ? error.failure : failureOf(error);
  if (code === "RequestTimeTooSkewed") return true;
  if (before === undefined || after === undefined || !REFUSALS.has(status)) return false;
  return Math.abs(after - before) > CLOCK_MS_MIN;
}

interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string } | undefined;
  readonly $response?: { readonly headers?: Record<string, string> } | undefined;
}

/** Errors of the SDK whose name says all, also when they were made by hand and have no status. */
const MISSING: ReadonlySet<unknown> = new Set(["NotFound", "NoSuchKey", "NoSuchVersion", "NoSuchUpload"]);

/** Returns what an error of the SDK says, and nothing that it repeats of the request or of the answer's body. */
export function failureOf(error: unknown): S3Failure {
  const local = localFailure(error);
  if (local !== undefined) return local;
  const { name, code, Code, $metadata, $response } = Object(error) as SdkError;
  const headers = $response?.headers ?? {};
  const status = $metadata?.httpStatusCode ?? (MISSING.has(name) ? 404 : undefined);
  return {
    code: [Code, code, name].map(safeName).find((text) => text !== undefined) ?? "Unknown",
    status,
    requestId: safeId($metadata?.requestId),
    retryAfterMs: retryAfterIn(headers),
    deniedAction: deniedActionIn(error),
    bucketRegion: safeName(headers["x-amz-bucket-region"]),
    cause: safeCause(error),
  };
}

/**
 * Returns the permission that a refusal of Amazon's names.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
 */
function deniedActionIn(error: unknown): string | undefined {
  const { message } = Object(error) as { readonly message?: unknown };
  if (typeof message !== "string") return undefined;
  return /not authorized to perform: ([a-z0-9-]{1,64}:[A-Za-z]{1,64})/.exec(message)?.[1];
}

/** Returns how long a server asks to wait: in seconds, or until a time by its own clock. */
function retryAfterIn(headers: Readonly<Record<string, string>>): number | undefined {
  const text = headers["retry-after"];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds >= 0) return seconds * 1000;
  const now = Date.parse(headers["date"] ?? "") || Date.now();
  const until = Date.parse(text);
  return Number.isNaN(until) ? undefined : Math.max(0, until - now);
}

/** A success that lacks what every server gives: something else answers at the endpoint. */
export function senseless(metadata: SdkError["$metadata"]): S3FailureError {
  return new S3FailureError({
    code: "SenselessAnswer",
    status: metadata?.httpStatusCode,
    requestId: safeId(metadata?.requestId),
    cause: undefined,
  });
}

/** Checks a success that may lack its ETag: some servers give none, but an answer of S3 has an id at least. */
export function assertSensible(etag: string | undefined, metadata: SdkError["$metadata"]): void {
  if (etag === undefined && metadata?.requestId === undefined) throw senseless(metadata);
}

export function required(text: string | undefined, metadata: SdkError["$metadata"]): string {
  if (text === undefined || text === "") throw senseless(metadata);
  return text;
}
