import { CONTENT_TYPE_UNKNOWN, contentTypeOf } from "../contract/content-type.js";
import type { PutOptions } from "../contract/call-options.js";
import type { BodyInput } from "./body.js";
import { isBlob, viewedBytes } from "./kinds.js";

/**
 * The media types that are accepted from a Blob. Code that makes a Blob often guesses the type, so an unusual type is ignored.
 */
const MEDIA_TYPE = /^[\w.+-]{1,127}\/[\w.+-]{1,127}(?: ?; ?[\w.+-]{1,40}="?[\w.+-]{1,80}"?)?$/;

/**
 * Adds the media type of a Blob, if neither the caller nor the key's extension gives a media type. For a string body with a text
 * type, adds the charset, because strings are written as UTF-8.
 */
export function typeOfBody<Options extends PutOptions>(
  key: string,
  input: BodyInput,
  options: Options,
): Options | Promise<Options> {
  if (options.contentType !== undefined) return options;
  if (typeof input !== "string" && (typeof input !== "object" || !saysType(input))) return options;
  const byKey = contentTypeOf(key);
  return byKey instanceof Promise
    ? byKey.then((type) => typed(type, input, options))
    : typed(byKey, input, options);
}

function saysType(input: object): boolean {
  return viewedBytes(input) === undefined && isBlob(input) && MEDIA_TYPE.test(input.type);
}

function typed<Options extends PutOptions>(byKey: string, input: BodyInput, options: Options): Options {
  if (typeof input === "string") {
    return byKey.startsWith("text/") ? { ...options, contentType: `${byKey}; charset=utf-8` } : options;
  }
  return byKey === CONTENT_TYPE_UNKNOWN && isBlob(input) ? { ...options, contentType: input.type } : options;
}
