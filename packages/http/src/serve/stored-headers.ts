import { contentDisposition, type ObjectInfo } from "@stowage/core";
import { CONTENT_TYPE_UNKNOWN } from "@stowage/core/provider";
import type { ServeOptions } from "./serve-options.js";

/** The characters of a token in a media type. @see https://www.rfc-editor.org/rfc/rfc9110#name-media-type */
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = `[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*")`;
const MEDIA_TYPE = new RegExp(`^(?<essence>${TOKEN}/${TOKEN})(?:${PARAMETER})*$`);
const TOKENS = new RegExp(`^${TOKEN}(?:[ \\t]*,[ \\t]*${TOKEN})*$`);
const HEADER = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** The types that a browser shows without running any part of them. */
const INLINE = new Set([
  "application/pdf",
  "application/json",
  "application/vnd.apple.mpegurl",
  "application/x-mpegurl",
  "image/apng",
  "image/avif",
  "image/bmp",
  "image/gif",
  "image/heic",
  "image/jpeg",
  "image/png",
  "image/tiff",
  "image/webp",
  "image/x-icon",
  "text/css",
  "text/csv",
  "text/plain",
  "text/vtt",
]);
const INLINE_FAMILY = /^(?:audio|font|video)\//;

/**
 * The types that a page can load as a script. With `nosniff`, a browser does not run bytes of other types.
 *
 * @see https://mimesniff.spec.whatwg.org/#javascript-mime-type
 */
const SCRIPT = /^(?:application|text)\/(?:x-)?(?:ecmascript|javascript[\d.]*|jscript|livescript)$/;

/** The headers of an answer that come from the stored headers of its object. Each value is checked again. */
export interface StoredHeaders {
  readonly "content-type": string;
  readonly "content-encoding"?: string | undefined;
  readonly "content-language"?: string | undefined;
  readonly "content-disposition"?: string | undefined;
  readonly "cache-control"?: string | undefined;
}

/**
 * Returns the safe headers of a stored object. Invalid values are possible, because other programs may have written the object.
 * They are left out. A type that is not known to be safe becomes an attachment, and a script is sent as unknown bytes.
 *
 * @param inlineTypes - Further types that a browser may show, without parameters.
 */
export function storedHeaders(info: ObjectInfo, inlineTypes: readonly string[] = []): StoredHeaders {
  const { contentEncoding, contentLanguage, cacheControl } = info;
  const stored = typeOf(info.contentType);
  const essence = essenceOf(stored);
  const isTrusted = inlineTypes.includes(essence);
  return {
    "content-type": SCRIPT.test(essence) && !isTrusted ? CONTENT_TYPE_UNKNOWN : stored,
    "content-encoding": matching(contentEncoding, TOKENS),
    "content-language": matching(contentLanguage, TOKENS),
    "cache-control": matching(cacheControl, HEADER),
    "content-disposition": dispositionOf(info, isTrusted || isShown(essence)),
  };
}

/** Returns the media type if it may be sent. Otherwise returns the type for unknown bytes. */
export function typeOf(contentType: string | undefined): string {
  return matching(contentType, MEDIA_TYPE) ?? CONTENT_TYPE_UNKNOWN;
}

/** Returns a media type without its parameters, in lower case. */
export function essenceOf(type: string): string {
  return (MEDIA_TYPE.exec(type)?.groups?.["essence"] ?? CONTENT_TYPE_UNKNOWN).toLowerCase();
}

function isShown(essence: string): boolean {
  // If a type ends in `+xml`, a browser shows the object as a document.
  return INLINE.has(essence) || (INLINE_FAMILY.test(essence) && !essence.endsWith("+xml"));
}

/** Returns the stored disposition. If browsers must save the type, the disposition becomes `attachment` and keeps its file name. */
function dispositionOf(
  { key, contentDisposition: stored }: ObjectInfo,
  isInline: boolean,
): string | undefined {
  const given = matching(stored, HEADER);
  if (isInline) return given;
  if (given === undefined) return contentDisposition("attachment", key.slice(key.lastIndexOf("/") + 1));
  return /^attachment\b/i.test(given) ? given : `attachment${parametersOf(given)}`;
}

/** Returns the disposition from the options of the answer. Without one, returns the stored disposition. */
export function dispositionFor(
  info: ObjectInfo,
  { contentDisposition: asked, download = false }: ServeOptions,
): string | undefined {
  return download === false ? (asked ?? info.contentDisposition) : downloadDisposition(info, download);
}

/** Returns the disposition with which browsers save an object, under the given name or the stored name. */
function downloadDisposition({ key, contentDisposition: stored }: ObjectInfo, name: string | true): string {
  if (name !== true) return contentDisposition("attachment", name);
  const given = matching(stored, HEADER);
  if (given !== undefined && /;\s*filename\*?=/i.test(given)) return `attachment${parametersOf(given)}`;
  return contentDisposition("attachment", key.slice(key.lastIndexOf("/") + 1));
}

function parametersOf(disposition: string): string {
  const semicolon = disposition.indexOf(";");
  return semicolon === -1 ? "" : disposition.slice(semicolon);
}

function matching(value: string | undefined, pattern: RegExp): string | undefined {
  return value !== undefined && pattern.test(value) ? value : undefined;
}
