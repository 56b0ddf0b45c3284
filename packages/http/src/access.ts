import type { Answer } from "./wire/answer.js";
import { refusal } from "./wire/answer.js";
import type { HttpRequest } from "./wire/http-request.js";

/** An action that a client wants to take on one object. HEAD is a `"get"`. */
export type Action = "get" | "put" | "delete";

/** The action that a client wants to take, and the key. */
export interface Access {
  readonly action: Action;
  /** The decoded key: the same text that the storage gets. */
  readonly key: string;
}

/**
 * A function that decides whether a request is permitted. Only `true` permits the request. If the function returns a
 * `Response`, such as a redirect to a login page, the client gets that response. For any other value, the answer is 403. If the
 * function throws, the request is refused with the status of the error (`httpStatus`).
 *
 * @param request - The method, the target and the headers of the request. `source` is the framework's own request.
 */
export type Authorize = (
  request: HttpRequest,
  access: Access,
) => boolean | Response | Promise<boolean | Response>;

/**
 * Asks `authorize` about a request.
 *
 * @returns The answer that refuses the request, or `undefined` if the request is permitted.
 */
export async function refusalOf(
  authorize: Authorize,
  request: HttpRequest,
  access: Access,
): Promise<Answer | undefined> {
  const verdict: unknown = await authorize(request, access);
  if (verdict === true) return undefined;
  return isResponse(verdict) ? await answerOf(verdict) : refusal(403, "Forbidden");
}

/** Statuses that have no body. @see https://fetch.spec.whatwg.org/#null-body-status */
const BODILESS = new Set([204, 205, 304]);

function isResponse(value: unknown): value is Response {
  const { status = 0, headers, clone } = Object(value) as Partial<Response>;
  return status >= 200 && status <= 599 && headers !== undefined && typeof clone === "function";
}

/** Turns the application's own `Response` into an answer. Reads the whole body, because it is small. */
async function answerOf(response: Response): Promise<Answer> {
  const { status } = response;
  // The application may return the same `Response` again.
  const body = new Uint8Array(await response.clone().arrayBuffer());
  const headers: Record<string, string | readonly string[] | undefined> = Object.fromEntries(
    response.headers,
  );
  const cookies = response.headers.getSetCookie();
  return {
    status,
    headers: {
      ...headers,
      "set-cookie": cookies.length === 0 ? undefined : cookies,
      "content-length": BODILESS.has(status) ? undefined : String(body.byteLength),
    },
    body: BODILESS.has(status) ? undefined : body,
  };
}
