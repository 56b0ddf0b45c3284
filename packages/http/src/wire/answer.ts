import { isStorageError, type StoredObject } from "@stowage/core";
import { isHttpError, toldError } from "./http-error.js";
import { httpStatus } from "./status.js";

/** Headers by lower-case name. A value that is `undefined` is left out. Several values become several headers. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The answer to a request, before it becomes a Web `Response` or is written to a response of `node:http`. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /**
   * The body. Absent for HEAD, and for a status without a body. A stored object keeps a file or a socket open until it
   * is read or destroyed.
   */
  readonly body?: StoredObject | Uint8Array | string | undefined;
}

/**
 * The headers of every answer that this package makes. Because of these headers, browsers do not guess the type and do not run
 * scripts in the answer.
 */
export const SAFE_HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; sandbox",
} as const;

/** The value of `Retry-After`, in seconds, for an error without a value of its own. */
const RETRY_AFTER_SECONDS = 1;

/**
 * Makes the answer to a refused request: a status, and a code as text. The answer repeats nothing from the request and is not
 * cached.
 *
 * @param code - A word for programs, such as `"NotFound"`.
 */
export function refusal(status: number, code: string, headers: AnswerHeaders = {}): Answer {
  const body = `${code}\n`;
  return {
    status,
    headers: {
      ...SAFE_HEADERS,
      "content-type": "text/plain; charset=utf-8",
      "content-length": String(Buffer.byteLength(body)),
      "cache-control": "no-store",
      ...headers,
    },
    body,
  };
}

/** Makes an answer in JSON, which is not cached. */
export function jsonAnswer(status: number, value: unknown, headers: AnswerHeaders = {}): Answer {
  return {
    status,
    headers: { ...SAFE_HEADERS, "content-type": "application/json", "cache-control": "no-store", ...headers },
    body: JSON.stringify(value),
  };
}

/** Makes the answer for an error of a storage or an `HttpError`. For any other error, the answer shows only the status. */
export function errorAnswer(thrown: unknown): Answer {
  const error = toldError(thrown);
  const status = httpStatus(error);
  if (status === 304) return { status, headers: SAFE_HEADERS };
  if (!isStorageError(error)) return refusal(status, errorCode(error));
  const seconds =
    error.retryAfterMs === undefined ? RETRY_AFTER_SECONDS : Math.ceil(error.retryAfterMs / 1000);
  return refusal(status, error.code, { "retry-after": status === 503 ? String(seconds) : undefined });
}

/** Returns the code of an error: a word for programs. */
export function errorCode(thrown: unknown): string {
  const error = toldError(thrown);
  if (isStorageError(error) || isHttpError(error)) return error.code;
  return httpStatus(error) < 500 ? "BadRequest" : "Unknown";
}

/** Removes the body from the answer to a HEAD, and keeps the headers. */
export function withoutBody(answer: Answer): Answer {
  const { body, headers, status } = answer;
  const length = typeof body === "string" ? String(Buffer.byteLength(body)) : headers["content-length"];
  letGo(answer);
  return { status, headers: { ...headers, "content-length": length } };
}

/** Tells whether a body is a stored object, which keeps a file or a socket open. */
export function isStored(body: Answer["body"]): body is StoredObject {
  return typeof body === "object" && "destroy" in body;
}

/** Releases the file or the socket that the body of an answer keeps open. */
export function letGo({ body }: Answer): void {
  if (isStored(body)) body.destroy();
}

/** The answer for an error that cannot be examined. */
export const UNKNOWN_FAILURE: Answer = refusal(500, "Unknown");
