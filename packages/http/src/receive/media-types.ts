import { HttpError } from "../wire/http-error.js";
import { essenceOf } from "../serve/stored-headers.js";

/** Names that programs and browsers use for the same type. */
const SAME: Readonly<Record<string, string>> = {
  "application/x-pdf": "application/pdf",
  "application/x-zip-compressed": "application/zip",
  "audio/mp3": "audio/mpeg",
  "audio/vnd.wave": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/x-flac": "audio/flac",
  "audio/x-m4a": "audio/mp4",
  "audio/x-wav": "audio/wav",
  "image/jpg": "image/jpeg",
  "image/pjpeg": "image/jpeg",
  "image/vnd.microsoft.icon": "image/x-icon",
  "video/matroska": "video/x-matroska",
  "video/x-m4v": "video/mp4",
};

/**
 * Types that share a container format. The first bytes show only the container. So the type of the content is the type that the
 * client declares.
 */
const CONTAINERS: Readonly<Record<string, RegExp>> = {
  "application/zip":
    /^application\/(?:epub\+zip|java-archive|vnd\.(?:openxmlformats-officedocument|oasis\.opendocument|ms-\w+)\.?.*|.*\+zip)$/,
  "application/x-cfb": /^application\/(?:msword|vnd\.ms-\w+|x-msi)/,
  "application/xml": /^(?:text\/xml|(?:application|image|model)\/.*\+xml)$/,
  "application/ogg": /^(?:audio|video)\/ogg$/,
  "video/mp4": /^(?:audio\/mp4|video\/quicktime)$/,
  "video/quicktime": /^video\/mp4$/,
  "video/webm": /^audio\/webm$/,
};

/** Types that cannot be recognised by their first bytes. */
const UNMARKED =
  /^(?:text\/|image\/svg\+xml$|application\/(?:octet-stream|json|x-ndjson|javascript|vnd\.apple\.mpegurl|x-mpegurl|x-subrip|yaml|toml)$|.*\+json$|model\/)/;

/**
 * Returns the type to store, if the type is allowed.
 *
 * @param declared - The type that the client declares, with its parameters.
 * @param found - The type that the first bytes show, if they show one.
 * @throws HttpError 415 if the type is not allowed, or if the first bytes do not fit the declared type.
 */
export function allowedType(allowed: readonly string[], declared: string, found: string | undefined): string {
  const said = canonical(declared);
  const told = found === undefined ? undefined : canonical(found);
  const isAsSaid =
    told === undefined ? UNMARKED.test(said) : told === said || CONTAINERS[told]?.test(said) === true;
  const type = isAsSaid ? said : told;
  if (type !== undefined && allowed.some((pattern) => isIn(pattern, type))) return isAsSaid ? declared : type;
  const reason =
    type === undefined
      ? `the first bytes of the file do not match its declared type ${said}`
      : `the type of the file is ${type}, but the allowed types are ${allowed.join(", ")}`;
  throw new HttpError(415, "UnsupportedMediaType", reason);
}

/**
 * Checks the type that a client declares, without looking at the bytes.
 *
 * @throws HttpError 415 if the type is not allowed.
 */
export function assertAllowed(allowed: readonly string[], declared: string): void {
  const type = canonical(declared);
  if (allowed.some((pattern) => isIn(pattern, type))) return;
  throw new HttpError(
    415,
    "UnsupportedMediaType",
    `the type of the file is ${type}, but the allowed types are ${allowed.join(", ")}`,
  );
}

function isIn(pattern: string, type: string): boolean {
  const wanted = pattern.toLowerCase();
  if (wanted === "*/*") return true;
  return wanted.endsWith("/*") ? type.startsWith(wanted.slice(0, -1)) : canonical(wanted) === type;
}

function canonical(type: string): string {
  const essence = essenceOf(type);
  return SAME[essence] ?? essence;
}
