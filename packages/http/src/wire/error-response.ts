import type { ServerResponse } from "node:http";
import { errorAnswer, errorCode } from "./answer.js";
import { toResponse } from "./to-response.js";
import { writeAnswer } from "./write-answer.js";

/**
 * Makes the answer for an error: the error's status, its code as text, `no-store`, and `Retry-After` if a retry may
 * succeed.
 *
 * @param error - The error that `receive`, `receiveForm` or a storage has thrown.
 */
export function errorResponse(error: unknown): Response {
  return toResponse(errorAnswer(error));
}

/** The parts of the answer for an error. Use them to make your own answer. */
export interface ErrorFacts {
  readonly status: number;
  /** A word for programs, such as `"TooLarge"`. */
  readonly code: string;
  /** `Cache-Control`, and `Retry-After` if a retry may succeed. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Returns the parts of the answer for an error. Use them, for example, to answer in JSON.
 *
 * @param error - The error that `receive`, `receiveForm` or a storage has thrown.
 * @example
 * ```ts
 * const { status, code, headers } = errorFacts(error);
 * return Response.json({ code, file: failedFile(error)?.fileName }, { status, headers });
 * ```
 */
export function errorFacts(error: unknown): ErrorFacts {
  const { status, headers } = errorAnswer(error);
  const later = headers["retry-after"];
  return {
    status,
    code: errorCode(error),
    headers: { "cache-control": "no-store", ...(typeof later === "string" && { "retry-after": later }) },
  };
}

/** Sends the answer that {@link errorResponse} makes, on a response of `node:http`. */
export async function sendError(response: ServerResponse, error: unknown): Promise<void> {
  await writeAnswer(errorAnswer(error), response);
}
