import { knownNames, nonEmptyText, wholeNumber, type OptionNames } from "@stowage/core/provider";
import type { Answer, AnswerHeaders } from "./answer.js";
import { handlerOf, handlingOf, type HttpHandler } from "./handler.js";
import type { HttpRequest } from "./http-request.js";

/** The options of {@link cors}. */
export interface CorsOptions {
  /**
   * The origins of the pages that may use the handler, such as `["https://app.example.com"]`. With `["*"]`, every page may use
   * the handler, but without cookies.
   */
  readonly origins: readonly string[];
  /**
   * The time for which browsers keep the permission, in seconds.
   *
   * @default 600
   */
  readonly maxAgeSeconds?: number | undefined;
}

const NAMES: OptionNames<CorsOptions> = { origins: true, maxAgeSeconds: true };
const MAX_AGE_SECONDS = 600;
const METHODS = "GET, HEAD, POST, PUT, DELETE";

/** The answer headers that a page must read to resume a download or to upload parts. */
const EXPOSED =
  "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Last-Modified, Retry-After";

/**
 * Lets pages of other origins use a handler. Answers the preflight requests of browsers, and lets the pages read the answers.
 * Cookies are permitted only for origins that are listed by name.
 *
 * The handler's `authorize` still decides about each request. A preflight request only asks if a page may send the real
 * request.
 *
 * @param handler - A handler of this package.
 * @throws TypeError for options that are wrong.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 * @example
 * ```ts
 * const handler = cors(createHandler(storage, { authorize }), { origins: ["https://app.example.com"] });
 * ```
 */
export function cors(handler: HttpHandler, options: CorsOptions): HttpHandler {
  check(options);
  const { respond, onError } = handlingOf(handler);
  return handlerOf(async (request) => {
    const headers = headersFor(request, options);
    const isPreflight = request.method === "OPTIONS" && isThere(request, "access-control-request-method");
    if (isPreflight && headers["access-control-allow-origin"] !== undefined)
      return preflight(request, headers, options);
    const answer = await respond(request);
    return answer && { ...answer, headers: { ...answer.headers, ...headers } };
  }, onError);
}

function check(options: CorsOptions): void {
  knownNames("cors", options, NAMES);
  const { origins, maxAgeSeconds = MAX_AGE_SECONDS } = options;
  if (!Array.isArray(origins))
    throw new TypeError('cors: origins must be an array such as ["https://app.example.com"]');
  for (const origin of origins as readonly unknown[]) {
    nonEmptyText("cors", "origins", origin, 'an array such as ["https://app.example.com"]');
    const isOrigin =
      origin === "*" || (URL.canParse(origin as string) && new URL(origin as string).origin === origin);
    if (!isOrigin)
      throw new TypeError(
        `cors: each origin must be a scheme and a host, such as "https://app.example.com", not "${String(origin)}"`,
      );
  }
  wholeNumber("cors", "maxAgeSeconds", maxAgeSeconds);
}

function headersFor({ headers }: HttpRequest, { origins }: CorsOptions): AnswerHeaders {
  if (origins.includes("*"))
    return { "access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED };
  const origin = headers.get("origin") ?? "";
  if (!origins.includes(origin)) return { vary: "Origin" };
  return {
    vary: "Origin",
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": EXPOSED,
  };
}

function preflight({ headers }: HttpRequest, allowed: AnswerHeaders, { maxAgeSeconds }: CorsOptions): Answer {
  return {
    status: 204,
    headers: {
      ...allowed,
      vary: "Origin, Access-Control-Request-Headers",
      "access-control-allow-methods": METHODS,
      "access-control-allow-headers": headers.get("access-control-request-headers") ?? undefined,
      "access-control-max-age": String(maxAgeSeconds ?? MAX_AGE_SECONDS),
    },
  };
}

function isThere({ headers }: HttpRequest, name: string): boolean {
  return (headers.get(name) ?? undefined) !== undefined;
}
