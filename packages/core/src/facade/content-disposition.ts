import { oneOf } from "../kit/options.js";

/** Marks that turn the direction of text, so that a name shows another extension than it has. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]/g;

/** Longer names are shortened: file systems take 255 bytes, and a header is not for more. */
const NAME_BYTES_MAX = 200;

/**
 * The header `Content-Disposition`, with which a browser saves an object under a name (`"attachment"`), or shows it
 * and keeps the name for later (`"inline"`).
 *
 * Takes any text for a name. Slashes become `_`, for a name is not a path; line breaks, control characters and marks
 * that turn the direction of text are left out; a name of more than 200 bytes is shortened before its extension.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6266
 * @example
 * ```ts
 * await storage.signedUrl(key, { contentDisposition: contentDisposition("attachment", "Übersicht 2026.pdf") });
 * ```
 */
export function contentDisposition(type: "attachment" | "inline", fileName: string): string {
  oneOf("contentDisposition", "type", type, ["attachment", "inline"]);
  if (typeof fileName !== "string") throw new TypeError("A file name is a string");
  const name = cleanName(fileName);
  // For programs that do not know the other form: nothing in it that one of them might decode.
  const plain = name.replaceAll(/[^\x20-\x7e]|["%\\]/gu, "_");
  const extended = plain === name ? "" : `; filename*=UTF-8''${encodeName(name)}`;
  return `${type}; filename="${plain}"${extended}`;
}

function cleanName(fileName: string): string {
  const text = fileName.toWellFormed().replaceAll(/[/\\]/g, "_");
  const name = text.replaceAll(BIDI, "").replaceAll(CONTROL, "").trim();
  return shortened(name === "" ? "download" : name);
}

function shortened(name: string): string {
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return name;
  const [extension = ""] = /\.[A-Za-z0-9]{1,16}$/.exec(name) ?? [];
  let bytes = Buffer.byteLength(extension);
  let kept = "";
  for (const character of name.slice(0, name.length - extension.length)) {
    bytes += Buffer.byteLength(character);
    if (bytes > NAME_BYTES_MAX) break;
    kept += character;
  }
  return kept + extension;
}

/** @see https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1 */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
