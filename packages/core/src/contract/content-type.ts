/** The media type for bytes whose type is unknown. */
export const CONTENT_TYPE_UNKNOWN = "application/octet-stream";

/**
 * The media types of some extensions. The table has the extensions for which the type in `mime-types` is wrong for
 * media files. The table also has the most common extensions, because loading `mime-types` takes 15 ms.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8216 for the segments and playlists of HLS
 * @see https://www.iana.org/assignments/media-types
 */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  aac: "audio/aac",
  avi: "video/x-msvideo",
  avif: "image/avif",
  bin: CONTENT_TYPE_UNKNOWN,
  css: "text/css",
  csv: "text/csv",
  gif: "image/gif",
  heic: "image/heic",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript",
  json: "application/json",
  m3u8: "application/vnd.apple.mpegurl",
  m4a: "audio/mp4",
  m4s: "video/iso.segment",
  m4v: "video/x-m4v",
  mkv: "video/x-matroska",
  mov: "video/quicktime",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  mpd: "application/dash+xml",
  ogg: "audio/ogg",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  ts: "video/mp2t",
  txt: "text/plain",
  vtt: "text/vtt",
  wav: "audio/wav",
  weba: "audio/webm",
  webm: "video/webm",
  webp: "image/webp",
  zip: "application/zip",
};

const TYPES = new Map(Object.entries(CONTENT_TYPES));

/**
 * Returns the media type for a key's extension, or `application/octet-stream`. The type has no charset, because the bytes have
 * not been examined.
 */
export function contentTypeOf(key: string): string | Promise<string> {
  const extension = extensionOf(key);
  if (extension === undefined) return CONTENT_TYPE_UNKNOWN;
  return TYPES.get(extension) ?? lookUp(extension);
}

/** Returns the extension of a key's last segment, in lower case and without the dot. */
export function extensionOf(key: string): string | undefined {
  const dot = key.lastIndexOf(".");
  if (dot <= key.lastIndexOf("/") + 1 || dot === key.length - 1) return undefined;
  return key.slice(dot + 1).toLowerCase();
}

async function lookUp(extension: string): Promise<string> {
  const { default: mime } = await import("mime-types");
  const type = mime.lookup(`x.${extension}`) || CONTENT_TYPE_UNKNOWN;
  if (type !== CONTENT_TYPE_UNKNOWN) TYPES.set(extension, type);
  return type;
}
