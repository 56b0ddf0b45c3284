import {
  StorageError,
  isNotSent,
  isStorageError,
  type Applied,
  type Operation,
  type StorageErrorCode,
} from "@stowage/core/provider";
import { CloudinaryFailureError, type CloudinaryFailure } from "./client.js";

/** The call and the provider for which a request failed. */
export interface FailureContext {
  readonly operation: Operation;
  readonly provider: string;
  readonly key?: string | undefined;
  /** `true` if the call changes something. */
  readonly writes: boolean;
}

type Explanation = readonly [code: StorageErrorCode, reason: string];

/**
 * The meanings of Cloudinary's error messages. Nearly every error has the status 400 or 401, so only the message shows
 * which error it is. The first matching pattern decides. Patterns for messages with ids or addresses come first,
 * because an id or an address may contain the text of any other message.
 *
 * @see https://cloudinary.com/documentation/error_messages
 * @see https://support.cloudinary.com/hc/en-us/articles/202520762
 */
const WORDS: readonly (readonly [pattern: RegExp, ...Explanation])[] = [
  [/^Resource not found/i, "NotFound", "there is no such object"],
  [/^to_public_id\b.* already exists$/is, "AlreadyExists", "the key already has an object"],
  [/^public_id .*(?:invalid|too long)/is, "Unsupported", "Cloudinary does not allow the public id"],
  [/^(?:Error in loading|Unsupported source URL)/i, "Unavailable", "Cloudinary could not fetch the URL"],
  [
    /^Invalid Signature/i,
    "Unauthenticated",
    "the signature does not match: are the API secret and the signature algorithm right?",
  ],
  [
    /^(?:Unknown API key|Invalid api_secret|Missing authorization|Disabled API key)/i,
    "Unauthenticated",
    "Cloudinary does not know the API key or its secret",
  ],
  [/^Invalid cloud_name/i, "Misconfigured", "the cloud does not exist: is cloudName right?"],
  [/^Stale request/i, "Unauthenticated", "the clock of this machine is wrong by more than an hour"],
  [/^Rate Limit Exceeded/i, "RateLimited", "the calls of the Admin API are used up for this hour"],
  [
    /^(?:File size|Image|Video|Raw file)[^.]* too large/i,
    "TooLarge",
    "the file is larger than the plan allows",
  ],
  [/^Request Entity Too Large/i, "TooLarge", "the request is larger than Cloudinary allows"],
  [
    /^Invalid image file|^Unsupported video format/i,
    "Unsupported",
    "the bytes do not match the extension of the key",
  ],
  [
    /^(?:\w+ )?[Ff]ile (?:type|format) .*not allowed|^Invalid extension/i,
    "Unsupported",
    "the account does not allow files of this type",
  ],
  [/^Empty file/i, "Unsupported", "Cloudinary does not store empty files"],
  [/^Invalid cursor/i, "InvalidArgument", "Cloudinary does not know the cursor"],
  [/^Chunks are not contiguous/i, "Unavailable", "Cloudinary has lost some of the chunks"],
  [/\bdisabled\b/i, "PermissionDenied", "the account is disabled"],
  [
    /\b(?:quota|usage limit|plan limit|storage limit|credits)\b/i,
    "OutOfSpace",
    "the quota of the plan is used up",
  ],
];

const STATUSES: Readonly<Record<number, Explanation>> = {
  401: ["PermissionDenied", "Cloudinary denied access"],
  403: ["PermissionDenied", "Cloudinary denied access"],
  404: ["NotFound", "there is no such object"],
  409: ["AlreadyExists", "the key already has an object"],
  413: ["TooLarge", "the request is larger than Cloudinary allows"],
  416: ["InvalidRange", "the range lies outside the object"],
  420: ["RateLimited", "Cloudinary asks to slow down"],
  423: ["Unavailable", "a different operation has locked the file"],
  429: ["RateLimited", "Cloudinary asks to slow down"],
  499: ["Unavailable", "Cloudinary gave up on the request"],
  507: ["OutOfSpace", "Cloudinary has no space left"],
};

/**
 * Translates a failed request into a `StorageError`. Every other error is returned unchanged. Cloudinary's own words
 * are compared with patterns and not repeated, because they contain signatures and ids.
 */
export function toCloudinaryError(error: unknown, context: FailureContext): unknown {
  if (isStorageError(error) || !(error instanceof CloudinaryFailureError)) return error;
  const { failure } = error;
  const [code, reason] = explain(failure);
  return new StorageError(code, reason, {
    operation: context.operation,
    provider: context.provider,
    key: context.key,
    applied: appliedBy(failure, code, context),
    status: failure.status,
    requestId: failure.requestId,
    retryAfterMs: failure.retryAfterMs,
  });
}

function explain(failure: CloudinaryFailure): Explanation {
  const { kind, status = 0, message, code } = failure;
  if (kind === "connect-timeout") return ["Timeout", `no connection was made within ${message}`];
  if (kind === "answer-timeout") return ["Timeout", `no answer came within ${message}`];
  if (kind === "closed") return ["Unavailable", "the provider was closed"];
  if (kind === "senseless")
    return ["Unavailable", "the answer does not come from Cloudinary: is the address right?"];
  if (kind === "connection")
    return ["Unavailable", `Cloudinary cannot be reached (${code ?? "the connection was cut"})`];
  const [, known, reason] = WORDS.find(([pattern]) => pattern.test(message)) ?? [];
  if (known !== undefined && reason !== undefined) return [known, reason + limitIn(message)];
  const byStatus = STATUSES[status];
  if (byStatus !== undefined) return byStatus;
  if (status >= 500) return ["Unavailable", `Cloudinary answered ${status}`];
  return ["Unknown", `Cloudinary answered ${status}`];
}

/** Returns the largest file that the account allows, in bytes, if Cloudinary's answer contains this limit. */
export function largestIn(error: unknown): number | undefined {
  if (!(error instanceof CloudinaryFailureError)) return undefined;
  const found = /Got \d+\. Maximum is (\d+)/.exec(error.failure.message);
  return found === null ? undefined : Number(found[1]);
}

function limitIn(message: string): string {
  const [, got, most] = /Got (\d+)\. Maximum is (\d+)/.exec(message) ?? [];
  return got === undefined || most === undefined
    ? ""
    : `: it has ${got} bytes, but at most ${most} are allowed`;
}

const UNKNOWN_OUTCOMES: ReadonlySet<StorageErrorCode> = new Set(["Unavailable", "Timeout", "Unknown"]);

/**
 * Returns `"unknown"` for a write whose request may have been sent. Returns `"no"` if Cloudinary's answer refuses the write,
 * and for every other call.
 */
function appliedBy(failure: CloudinaryFailure, code: StorageErrorCode, { writes }: FailureContext): Applied {
  if (!writes || !UNKNOWN_OUTCOMES.has(code)) return "no";
  const { kind, status } = failure;
  if (kind === "connect-timeout" || kind === "closed") return "no";
  if (kind === "connection") return isNotSent(failure.code) ? "no" : "unknown";
  const isRefused = status !== undefined && status >= 400 && status < 500 && status !== 499;
  return isRefused ? "no" : "unknown";
}
