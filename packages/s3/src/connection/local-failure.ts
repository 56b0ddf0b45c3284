import type { S3Failure } from "../server/client.js";
import { safeCause, safeName } from "./safe-cause.js";

interface Failed {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly syscall?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number | undefined } | undefined;
}

/**
 * Returns the failure of a request if the error alone proves that the request has not left this process. Returns `undefined`
 * for any other error.
 */
export function localFailure(error: unknown): S3Failure | undefined {
  const { $metadata } = Object(error) as Failed;
  if ($metadata?.httpStatusCode !== undefined) return undefined;
  return ofTheSdk(error) ?? ofHeaders(error) ?? ofConnecting(error);
}

/**
 * Returns a failure that the SDK itself detects before it contacts a server. The SDK describes such a failure only in the text
 * of its error.
 */
function ofTheSdk(error: unknown): S3Failure | undefined {
  const { name, message } = Object(error) as Failed;
  if (name === "CredentialsProviderError") return unsent("CredentialsProviderError", error);
  if (name !== "Error" || typeof message !== "string") return undefined;
  if (/\bregion is missing\b/i.test(message)) return unsent("MissingRegion", error);
  return /\bcredential/i.test(message) ? unsent("CredentialsProviderError", error) : undefined;
}

/** Headers that are made from credentials. */
const OF_CREDENTIALS = /\["(?:authorization|x-amz-security-token)"\]/i;

/** Returns the failure of a request that Node refuses to send. */
function ofHeaders(error: unknown): S3Failure | undefined {
  const { code, message } = Object(error) as Failed;
  if (code === "ERR_INVALID_PROTOCOL") return unsent("WrongAgent", error);
  if (code === "ERR_INVALID_CHAR" && OF_CREDENTIALS.test(String(message)))
    return unsent("InvalidCredentials", error, "they contain a character that HTTP headers do not allow");
  const isRefused =
    code === "ERR_INVALID_CHAR" || code === "ERR_INVALID_HTTP_TOKEN" || code === "ERR_UNESCAPED_CHARACTERS";
  return isRefused ? unsent("InvalidHeader", error) : undefined;
}

/** Returns the failure of a request that got no connection. No byte of such a request was sent. */
function ofConnecting(error: unknown): S3Failure | undefined {
  const { name, code, message, syscall } = Object(error) as Failed;
  const isConnecting = syscall === "connect" || syscall === "getaddrinfo" || code === "ConnectTimeout";
  if (isConnecting || code === "NoFreeConnection") return unsent(safeName(code) ?? "ECONNREFUSED", error);
  // A client that the application has made uses the SDK's own time limit for making a connection.
  const isLate = name === "TimeoutError" && /did not establish a connection/.test(String(message));
  return isLate ? unsent("ConnectTimeout", error) : undefined;
}

/** Makes the failure of a request that never left this process. */
export function unsent(code: string, error: unknown, detail?: string): S3Failure {
  return { code, applied: "no", detail, cause: safeCause(error) };
}
