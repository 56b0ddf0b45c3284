import { S3FailureError, type S3Failure } from "../server/client.js";

/** Sends a request; what fails is told in our own terms. */
export async function attempt<T>(signal: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
  try {
    return await sendInTime(send);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw error instanceof S3FailureError ? error : new S3FailureError(failureOf(error));
  }
}

/** Sends a request; once more when the SDK has learned from the answer what time it is. */
async function sendInTime<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (failureOf(error).code !== "RequestTimeTooSkewed") throw error;
    return await send();
  }
}

interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: { readonly headers?: Record<string, string> };
}

function failureOf(error: unknown): S3Failure {
  const { name, code, Code, $metadata, $response } = Object(error) as SdkError;
  const headers = $response?.headers ?? {};
  const seconds = Number(headers["retry-after"]);
  return {
    code:
      clientProblem(error) ??
      ([Code, code, name].find((text) => typeof text === "string" && text !== "") as string),
    status: $metadata?.httpStatusCode,
    requestId: $metadata?.requestId,
    retryAfterMs: headers["retry-after"] !== undefined && seconds >= 0 ? seconds * 1000 : undefined,
    deniedAction: deniedActionIn(error),
    bucketRegion: headers["x-amz-bucket-region"],
    cause: error,
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

/** What the SDK finds wrong before it asks a server, which it tells in words only. */
function clientProblem(error: unknown): string | undefined {
  const { name, message } = Object(error) as { readonly name?: unknown; readonly message?: unknown };
  if (name !== "Error" || typeof message !== "string") return undefined;
  if (/\bregion is missing\b/i.test(message)) return "MissingRegion";
  return /\bcredential/i.test(message) ? "CredentialsProviderError" : undefined;
}

/** A success that lacks what every server gives: something else answers at the endpoint. */
export function senseless(metadata: SdkError["$metadata"]): S3FailureError {
  return new S3FailureError({
    code: "SenselessAnswer",
    status: metadata?.httpStatusCode,
    requestId: metadata?.requestId,
    cause: undefined,
  });
}

export function required(text: string | undefined, metadata: SdkError["$metadata"]): string {
  if (text === undefined || text === "") throw senseless(metadata);
  return text;
}
