import { encodeKeyPath, keyProblem } from "@stowage/core/provider";

/**
 * Matches a path that RFC 3986 allows. A path with any other unencoded character is refused, because programs treat such
 * characters differently.
 */
const PATH = /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+$/;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;
/** An encoded slash, backslash or zero byte. Programs disagree about the meaning of these characters. */
const HIDDEN = /%(?:2f|5c|00)/i;

/** The parts of a request's target. */
export interface Target {
  /** The path as the client spelt it, with its leading slash. */
  readonly path: string;
  /** The query without the question mark. Empty if there is no query. */
  readonly query: string;
}

/**
 * Splits the raw target of a request. The target is a path with its query, or a whole address as clients send it to proxies.
 *
 * @param target - `request.url` of `node:http` or of a Web `Request`.
 */
export function splitTarget(target: string): Target {
  const local = target.replace(ABSOLUTE_FORM, "");
  const question = local.indexOf("?");
  const path = question === -1 ? local : local.slice(0, question);
  return { path: path === "" ? "/" : path, query: question === -1 ? "" : local.slice(question + 1) };
}

/** Returns the key that a raw path names. See {@link keyOfTarget}. */
export function keyOfPath(path: string, basePath = "/"): string | undefined {
  if (!PATH.test(path) || HIDDEN.test(path)) return undefined;
  const decoded = decode(path);
  const base = basePath.endsWith("/") ? basePath : `${basePath}/`;
  if (decoded?.startsWith(base) !== true) return undefined;
  const key = decoded.slice(base.length);
  return keyProblem(key) === undefined ? key : undefined;
}

/**
 * Returns the key that the target of a request names, or `undefined` if the target names no key.
 *
 * The path is decoded once. Paths that are equal by RFC 3986 name the same key. Each of `! $ & ' ( ) * + , ; = : @` may be
 * encoded or plain. So a proxy, a permission check and the storage always refer to the same object.
 *
 * @param target - `request.url` of `node:http` or of a Web `Request`, as it is. It must not be decoded or normalised before.
 * @param basePath - The path prefix of all keys, such as `"/files"`.
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
 */
export function keyOfTarget(target: string, basePath?: string): string | undefined {
  return keyOfPath(splitTarget(target).path, basePath);
}

/**
 * Returns the path of a key, for links and redirects. Each key has exactly one such path.
 *
 * @param basePath - The path prefix of all keys, such as `"/files"`.
 */
export function pathOfKey(key: string, basePath = "/"): string {
  return `${basePath.replace(/\/$/, "")}/${encodeKeyPath(key)}`;
}

/** Decodes percent signs strictly. @returns The decoded path, or `undefined` if the bytes are not UTF-8. */
function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
