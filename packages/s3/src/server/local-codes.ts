import type { S3Failure } from "./client.js";
import type { Explanation } from "./codes.js";

/** The meanings of failures that come from this process, and not from the server. */
const LOCAL_CODES: Readonly<Record<string, (detail: string) => Explanation>> = {
  CredentialsProviderError: () => [
    "Unauthenticated",
    "credentials are missing: give credentials, or set AWS_ACCESS_KEY_ID",
  ],
  CredentialsUnavailable: (detail) => [
    "Unavailable",
    `the source of the credentials does not answer (${detail}); no request was sent to the bucket`,
  ],
  CredentialsRefused: (detail) => [
    "Unauthenticated",
    `the source of the credentials refused the request (${detail}): check that the role may be assumed (sts:AssumeRole), and that its token is valid`,
  ],
  InvalidCredentials: (detail) => ["Unauthenticated", `the credentials are wrong: ${detail}`],
  MissingRegion: () => ["Misconfigured", "the region is missing: give region, or set AWS_REGION"],
  InvalidRegion: () => ["Misconfigured", "region must be the name of a region, such as eu-central-1"],
  WrongAgent: () => [
    "Misconfigured",
    "the HTTP agent of the client does not match the protocol of the endpoint",
  ],
  InvalidHeader: () => [
    "InvalidArgument",
    "a header or the key contains a character that HTTP does not allow",
  ],
  NotSent: (detail) => ["Misconfigured", `the client could not make the request (${detail})`],
  Unanswered: (command) => ["Misconfigured", `${command} returned no answer: is the client mocked?`],
  PartWithoutEtag: () => [
    "Unsupported",
    "the server sends no ETags for parts, but an upload in parts needs them: raise partSizeBytes",
  ],
  ConnectTimeout: () => ["Timeout", "no connection was made in time"],
  NoFreeConnection: () => [
    "Unavailable",
    "no connection of this provider became free in time: check that the body of each get is read or closed",
  ],
};

/**
 * Returns the meaning of a failure that comes from this process, or `undefined` for a failure that a server has
 * reported.
 */
export function localMeaning({
  code,
  detail = "no reason given",
  status,
}: S3Failure): Explanation | undefined {
  if (status !== undefined || !Object.hasOwn(LOCAL_CODES, code)) return undefined;
  return LOCAL_CODES[code]?.(detail);
}
