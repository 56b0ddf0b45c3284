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
 * A function that decides about a request. Only `true` permits the request. A `Response` is sent as it is, such as a redirect to a page for signing
 * in. Any other value is answered with 403. A thrown error permits nothing, and is answered with its own status (`httpStatus`).
 *
 * @param request - The method, the target and the headers of the request. Its `source` is the request that the framework gave.
 */
export type Authorize = (
  request: HttpRequest,
  access: Access,
) => boolean | Response | Promise<boolean | Response>;

/** Asks `authorize` about a request. @returns `undefined` when the request is permitted, else the refusal to send. */
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

/** Makes an answer of the application's own `Response`. Reads its body at once, because it is small. */
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
