import { S3FailureError, type S3Failure } from "../server/client.js";
import { localFailure, unsent } from "./local-failure.js";
import { safeName } from "./safe-cause.js";

/** The access keys with which a request is signed. */
interface Keys {
  readonly accessKeyId?: unknown;
  readonly secretAccessKey?: unknown;
  readonly sessionToken?: unknown;
}

/**
 * Matches characters that a header cannot contain. Also matches spaces at the beginning or the end, because HTTP
 * removes these spaces.
 */
const BROKEN = /[\p{Cc}]|^ | $/u;

/**
 * Returns a description of the problem with credentials, or `undefined` if there is no problem. Called before a request
 * is signed with the credentials.
 */
function problemOf({ accessKeyId, secretAccessKey, sessionToken }: Keys): string | undefined {
  for (const [name, text] of Object.entries({ accessKeyId, secretAccessKey, sessionToken })) {
    if (text === undefined && name === "sessionToken") continue;
    if (typeof text !== "string") return `${name} is missing`;
    if (text === "" && name !== "sessionToken") return `${name} is empty`;
    if (BROKEN.test(text))
      return `${name} contains a line break or another control character, or begins or ends with a space`;
  }
  return undefined;
}

/** @throws S3FailureError `InvalidCredentials`. The error names the wrong field, but never shows the value. */
export function assertKeys(keys: unknown): void {
  if (typeof keys !== "object" || keys === null || !("accessKeyId" in keys)) return;
  const problem = problemOf(keys);
  if (problem !== undefined) throw new S3FailureError(unsent("InvalidCredentials", undefined, problem));
}

/** The part of the SDK's client that provides the credentials. */
interface Holder {
  readonly config?: { readonly credentials?: unknown };
}

/**
 * Explains a failure that happened before a request left this process. The failure does not come from the bucket's
 * server. It may come from a credentials agent, a token service, or the options of the client.
 */
export async function explainUnsent(error: unknown, { config }: Holder): Promise<S3FailureError> {
  if (error instanceof S3FailureError) return error;
  if (isOfCredentials(error)) return new S3FailureError(credentialsFailure(error));
  const local = localFailure(error);
  if (local !== undefined) return new S3FailureError(local);
  // The application's function for credentials may throw any error. So this code calls the function again. If the function
  // fails again, the credentials are the cause.
  const { credentials } = config ?? {};
  if (typeof credentials !== "function") return new S3FailureError(unsent("NotSent", error));
  try {
    await (credentials as () => Promise<unknown>)();
  } catch (again) {
    return new S3FailureError(credentialsFailure(again));
  }
  return new S3FailureError(unsent("NotSent", error, safeName(Object(error).name)));
}

interface Failed {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly statusCode?: unknown;
  readonly syscall?: unknown;
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number } | undefined;
}

const PROVIDER_ERRORS: ReadonlySet<unknown> = new Set([
  "CredentialsProviderError",
  "ProviderError",
  "TokenProviderError",
]);

function isOfCredentials(error: unknown): boolean {
  const { name, syscall, $fault, $metadata } = Object(error) as Failed;
  // At this point, this process has connected only to a source of credentials.
  const isOfSocket = typeof syscall === "string" || name === "TimeoutError";
  const isOfService = $fault !== undefined || $metadata?.httpStatusCode !== undefined;
  return PROVIDER_ERRORS.has(name) || isOfSocket || isOfService;
}

/** The codes of refusals that go away by themselves. */
const PASSING = /throttl|TooManyRequests|RequestLimitExceeded|IDPCommunicationError|SlowDown|timeout/i;

/** The words with which the SDK and Node report that a source is down. */
const DOWN =
  /status:? ?(?:429|5\d\d)|\b(?:ECONN[A-Z]+|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)\b|tim(?:ed|e)[ -]?out|TimeoutError|socket hang up/i;

/** The words with which the SDK reports that a source has refused to give credentials. A retry is useless. */
const REFUSED = /status:? ?4\d\d|\bexpired\b|\binvalid\b/i;

/** Returns the failure of the application's function for credentials, or of the search for them. */
export function sourceFailure(error: unknown): S3Failure {
  if (isOfCredentials(error)) return credentialsFailure(error);
  return localFailure(error) ?? credentialsFailure(error);
}

/** Explains why there are no credentials: their source is down, their source has refused, or there is no source. */
export function credentialsFailure(error: unknown): S3Failure {
  const { name, message, code, Code, statusCode, $metadata } = Object(error) as Failed;
  const status = $metadata?.httpStatusCode ?? (typeof statusCode === "number" ? statusCode : undefined);
  const said = [Code, code, name].map(safeName).find((text) => text !== undefined) ?? "Error";
  const words = `${said} ${String(message).slice(0, MESSAGE_MAX)}`;
  if (status !== undefined) {
    const isDown = status >= 500 || status === 429 || PASSING.test(said);
    return unsent(isDown ? "CredentialsUnavailable" : "CredentialsRefused", error, said);
  }
  if (DOWN.test(words) || PASSING.test(said)) return unsent("CredentialsUnavailable", error, said);
  if (REFUSED.test(words)) return unsent("CredentialsRefused", error, said);
  if (!PROVIDER_ERRORS.has(name)) return unsent("CredentialsUnavailable", error, said);
  // The SDK tries several sources one after the other, and drops the error of the last one.
  const agent = AGENTS.find((variable) => (process.env[variable] ?? "") !== "");
  const isOfChain = /from any providers/.test(words) && agent !== undefined;
  return isOfChain
    ? unsent("CredentialsUnavailable", error, agent)
    : unsent("CredentialsProviderError", error);
}

const MESSAGE_MAX = 500;

/** The variables that tell a container where its credentials agent is. */
const AGENTS = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"] as const;
