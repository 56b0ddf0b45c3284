import { isStorageError } from "@stowage/core";

/** A refusal of a request, with a status and a word for programs. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  /** The status, from 400 to 599. */
  readonly status: number;
  /** A word for programs, such as `"UnsupportedMediaType"`. The client gets this word as the text of the answer. */
  readonly code: string;

  /**
   * Makes a refusal.
   *
   * @param reason - The reason, for the developer. Clients do not see it.
   * @throws TypeError for a status outside 400 to 599.
   */
  constructor(status: number, code: string, reason: string) {
    super(`Cannot answer the request: ${reason}`);
    if (!isErrorStatus(status))
      throw new TypeError(`HttpError: status must be from 400 to 599, not ${String(status)}`);
    this.status = status;
    this.code = code;
  }
}

/** Tells whether an error is an {@link HttpError}, even if another copy of this package made it. */
export function isHttpError(error: unknown): error is HttpError {
  if (!(error instanceof Error) || error.name !== "HttpError") return false;
  const { status, code } = error as Partial<HttpError>;
  return isErrorStatus(status) && typeof code === "string";
}

/**
 * Returns the error that decides the answer to the client. If a body fails with an `HttpError`, the storage throws a
 * `SourceError` with the `HttpError` as its cause. In that case returns the cause.
 */
export function toldError(error: unknown): unknown {
  return isStorageError(error, "SourceError") && isHttpError(error.cause) ? error.cause : error;
}

function isErrorStatus(status: unknown): boolean {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599;
}
