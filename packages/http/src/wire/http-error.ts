/** A request that is refused before the storage is asked: its status, and a word for programs. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  /** From 400 to 599. */
  readonly status: number;
  /** A word for programs, which the client gets as the text of the answer: `"UnsupportedMediaType"`. */
  readonly code: string;

  /** @param reason - For the developer: no client gets to see it. */
  constructor(status: number, code: string, reason: string) {
    super(`Cannot receive the request: ${reason}`);
    this.status = status;
    this.code = code;
  }
}

/** Tells whether an error is an {@link HttpError}, also when another copy of this package made it. */
export function isHttpError(error: unknown): error is HttpError {
  const { name, status, code } = Object(error) as Partial<HttpError>;
  return name === "HttpError" && typeof status === "number" && typeof code === "string";
}
