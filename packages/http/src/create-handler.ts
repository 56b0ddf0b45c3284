import type { FileStorage } from "@stowage/core";
import { aFunction, knownNames, oneOf, type ObjectHeaders, type OptionNames } from "@stowage/core/provider";
import { refusalOf, type Action, type Authorize } from "./access.js";
import { refusal, SAFE_HEADERS, type Answer } from "./wire/answer.js";
import { handlerOf, type HttpHandler } from "./wire/handler.js";
import type { HttpRequest } from "./wire/http-request.js";
import { checkStorage } from "./check-storage.js";
import { checkBasePath } from "./wire/base-path.js";
import { receiveSigned, receivedAnswer } from "./receive/receive-signed.js";
import { receiveBody } from "./receive/receive.js";
import { checkReceive, type ReceiveOptions } from "./receive/receive-options.js";
import { remove } from "./receive/remove.js";
import { answerObject } from "./serve/serve.js";
import { checkServe, type ServeOptions } from "./serve/serve-options.js";
import { checkKeys, isSigned, verify, type Grant, type SigningKeys } from "./links/signatures.js";
import { keyOfPath, splitTarget } from "./wire/target.js";

/** The options of {@link createHandler}. */
export interface HandlerOptions {
  /**
   * Decides about each request that has no signature, before a byte of its body is read. A request with a signature is decided
   * by its signature alone.
   */
  readonly authorize: Authorize;
  /**
   * The path prefix of all keys, as it appears in the request that the handler receives. A router may have removed a part of
   * the path.
   *
   * @default "/"
   */
  readonly basePath?: string | undefined;
  /**
   * The options with which objects are served, or a function that returns these options for a request.
   *
   * @default the default of each option
   */
  readonly serve?: ServeOptions | ((request: HttpRequest, key: string) => ServeOptions) | undefined;
  /**
   * The limits for uploads by PUT, or a function that returns these limits for a request.
   *
   * @default none: PUT is 405; with `keys`, signed uploads are received and any other PUT is 403
   */
  readonly receive?: ReceiveOptions | ((request: HttpRequest, key: string) => ReceiveOptions) | undefined;
  /**
   * Allows DELETE to remove objects.
   *
   * @default false: DELETE is 405
   */
  readonly remove?: boolean | undefined;
  /**
   * The signing keys that were given to `signed`. The handler accepts links with a valid signature without asking `authorize`.
   *
   * @default none: a link with a signature is answered with 403
   */
  readonly keys?: SigningKeys | undefined;
  /**
   * Receives each error that led to a status of 500 or above, or that cut off a body. Errors that the function itself throws
   * are ignored.
   *
   * @default none
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const NAMES: OptionNames<HandlerOptions> = {
  authorize: true,
  basePath: true,
  serve: true,
  receive: true,
  remove: true,
  keys: true,
  onError: true,
};

/** One request for one key. */
interface Wish {
  readonly storage: FileStorage;
  readonly options: HandlerOptions;
  readonly request: HttpRequest;
  readonly key: string;
}

/**
 * Makes a handler that serves the objects of a storage. With the right options, it also receives and removes objects.
 *
 * GET and HEAD are answered in the same way as by `serve`, and PUT in the same way as by `receive`. A path is decoded
 * once. A path that different programs could read as different keys is answered with 404. Nothing is permitted by
 * default.
 *
 * @returns A function from `Request` to `Response`. The promise that it returns never rejects.
 * @throws TypeError for options that are wrong.
 * @example
 * ```ts
 * const handler = createHandler(storage, {
 *   basePath: "/files",
 *   authorize: (request, { action, key }) => action === "get" && key.startsWith("public/"),
 * });
 * ```
 */
export function createHandler(storage: FileStorage, options: HandlerOptions): HttpHandler {
  checkStorage("createHandler", storage);
  check(options);
  const { basePath = "/", onError } = options;
  return handlerOf(async (request) => {
    const { path, query } = splitTarget(request.target);
    if (!isBelow(path, basePath)) return undefined;
    const action = actionOf(request.method, options);
    if (action === undefined) return refusal(405, "MethodNotAllowed", { allow: allowedMethods(options) });
    const key = keyOfPath(path, basePath);
    if (key === undefined) return refusal(404, "NotFound");
    const wish = { storage, options, request, key };
    if (isSigned(query)) return await answerSigned(wish, action, query);
    const refused = await refusalOf(options.authorize, request, { action, key });
    return refused ?? (await answer(wish, action));
  }, onError);
}

function check(options: HandlerOptions): void {
  knownNames("createHandler", options, NAMES);
  aFunction("createHandler", "authorize", options.authorize);
  checkBasePath("createHandler", options.basePath);
  const { serve = {}, receive } = options;
  if (typeof serve !== "function") checkServe("createHandler: serve", serve);
  if (receive !== undefined && typeof receive !== "function") checkReceive("createHandler: receive", receive);
  oneOf("createHandler", "remove", options.remove, [undefined, true, false]);
  if (options.keys !== undefined) checkKeys("createHandler", options.keys);
}

function isBelow(path: string, basePath: string): boolean {
  return basePath === "/" || path === basePath || path.startsWith(`${basePath}/`);
}

function actionOf(method: string, options: HandlerOptions): Action | undefined {
  if (method === "GET" || method === "HEAD") return "get";
  if (method === "PUT" && (options.receive !== undefined || options.keys !== undefined)) return "put";
  return method === "DELETE" && options.remove === true ? "delete" : undefined;
}

function allowedMethods(options: HandlerOptions): string {
  return ["GET", "HEAD", "PUT", "DELETE"]
    .filter((method) => actionOf(method, options) !== undefined)
    .join(", ");
}

async function answer(wish: Wish, action: Action): Promise<Answer> {
  const { storage, options, request, key } = wish;
  if (action === "get") return await answerObject(storage, key, request, serveOptionsOf(wish));
  if (action === "delete") {
    await remove(storage, key, request);
    return { status: 204, headers: { ...SAFE_HEADERS, "cache-control": "no-store" } };
  }
  if (options.receive === undefined) return refusal(403, "Forbidden");
  const limits = typeof options.receive === "function" ? options.receive(request, key) : options.receive;
  checkReceive("createHandler: receive", limits);
  return receivedAnswer(storage, await receiveBody(storage, key, request, limits));
}

function serveOptionsOf({ options: { serve = {}, onError }, request, key }: Wish): ServeOptions {
  if (typeof serve !== "function") return { onError, ...serve };
  const chosen = serve(request, key);
  checkServe("createHandler: serve", chosen);
  return { onError, ...chosen };
}

/** Answers a request with a signature. The signature permits a single purpose, and `authorize` is not asked. */
async function answerSigned(wish: Wish, action: Action, query: string): Promise<Answer> {
  const { storage, options, request, key } = wish;
  const { keys } = options;
  const grant =
    keys === undefined || action === "delete" ? undefined : verify(keys, action, key, query, Date.now());
  if (grant === undefined) return refusal(403, "Forbidden");
  if (action === "put") return receivedAnswer(storage, await receiveSigned(storage, key, request, grant));
  // A redirect would lead back to this handler.
  const signed = { ...serveOptionsOf(wish), mode: "stream" } as const;
  return await answerObject(storage, key, request, signed, overridesOf(grant));
}

/** Returns the headers that a link sets for its answer. Caches may keep the answer only until the link expires. */
function overridesOf({ parameters, expires }: Grant): ObjectHeaders {
  const seconds = Math.max(0, Math.floor(expires - Date.now() / 1000));
  return {
    contentType: parameters.get("response-content-type"),
    contentEncoding: parameters.get("response-content-encoding"),
    contentLanguage: parameters.get("response-content-language"),
    contentDisposition: parameters.get("response-content-disposition"),
    cacheControl: `private, max-age=${seconds}`,
  };
}
