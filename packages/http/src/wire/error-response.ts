import type { ServerResponse } from "node:http";
import { errorAnswer } from "./answer.js";
import { toResponse } from "./to-response.js";
import { writeAnswer } from "./write-answer.js";

/**
 * Makes the answer to an error: its status, its code as text, `no-store`, and `Retry-After` where a retry may succeed.
 *
 * @param error - What `receive`, `receiveForm` or a storage has thrown.
 */
export function errorResponse(error: unknown): Response {
  return toResponse(errorAnswer(error));
}

/** Sends what {@link errorResponse} makes, on a response of `node:http`. */
export async function sendError(response: ServerResponse, error: unknown): Promise<void> {
  await writeAnswer(errorAnswer(error), response);
}
