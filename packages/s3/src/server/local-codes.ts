import type { S3Failure } from "./client.js";
import type { Explanation } from "./codes.js";

/** The meanings of failures that come from this process, and not from the server. */
const LOCAL_CODES: Readonly<Record<string, (detail: string) => Explanation>> = {
  CredentialsProviderError: () => [
    "Unauthenticated",
    "no credentials were found: give some, or set AWS_ACCESS_KEY_ID",
  ],
  CredentialsUnavailable: (detail) => [
    "Unavailable",
    `the source of the credentials gives none for now (${detail}); the bucket was not asked`,
  ],
  CredentialsRefused: (detail) => [
    "Unauthenticated",
    `the source of the credentials refused to give any (${detail}): may the role be assumed (sts:AssumeRole), and is its token valid?`,
  ],
  InvalidCredentials: (detail) => ["Unauthenticated", `the credentials are wrong: ${detail}`],
  MissingRegion: () => ["Misconfigured", "no region was found: give one, or set AWS_REGION"],
  WrongAgent: () => ["Misconfigured", "the agent of the client is not for the protocol of the endpoint"],
  InvalidHeader: () => ["InvalidArgument", "a header or the key holds a character that HTTP does not carry"],
  NotSent: (detail) => ["Misconfigured", `the client could not make the request (${detail})`],
  Unanswered: (command) => ["Misconfigured", `${command} answered nothing: is it mocked?`],
  PartWithoutEtag: () => [
    "Unsupported",
    "the server gives no ETag for a part, and takes no upload in parts without: raise partSizeBytes",
  ],
  ConnectTimeout: () => ["Timeout", "no connection to the server was made in time"],
  NoFreeConnection: () => [
    "Unavailable",
    "no connection of this provider became free in time: are the bodies of its reads read, or closed?",
  ],
};

/**
 * Returns the meaning of a failure that comes from this process; `undefined` for a failure that a server has reported.
 */
export function localMeaning({
  code,
  detail = "no reason given",
  status,
}: S3Failure): Explanation | undefined {
  if (status !== undefined || !Object.hasOwn(LOCAL_CODES, code)) return undefined;
  return LOCAL_CODES[code]?.(detail);
}
