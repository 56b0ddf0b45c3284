import { anyText, oneOf } from "../kit/options.js";

/** The characters that change the direction of text. They can make a file name appear to have another extension. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// eslint-disable-next-line no-control-regex -- the expression looks for control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]/g;

/**
 * The longest name, in bytes; longer names are shortened. File systems accept names of at most 255 bytes, and a header should not
 * contain a longer name.
 */
const NAME_BYTES_MAX = 200;

/**
 * Makes a `Content-Disposition` header. With `"attachment"`, a browser saves the object under the given name. With
 * `"inline"`, a browser shows the object, and uses the name if the user saves the object.
 *
 * Any text can be a name. Slashes become `_`, because a name is not a path. Line breaks, control characters and characters that
 * change the direction of text are removed. A name of more than 200 bytes is shortened, and keeps its extension.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6266
 * @example
 * ```ts
 * await storage.signedUrl(key, { contentDisposition: contentDisposition("attachment", "Übersicht 2026.pdf") });
 * ```
 */
export function contentDisposition(type: "attachment" | "inline", fileName: string): string {
  oneOf("contentDisposition", "type", type, ["attachment", "inline"]);
  anyText("contentDisposition", "fileName", fileName, "a string");
  const name = cleanName(fileName);
  // The plain form is for programs that do not know the extended form. All programs read its characters in the same
  // way.
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
