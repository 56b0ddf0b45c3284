import { anyText } from "../kit/options.js";

/**
 * Returns the name of an uploaded form file as the user wrote it. Browsers send names as UTF-8, but parsers such as busboy and
 * multer read them as Latin-1: `"Größe.pdf"` arrives as `"GrÃ¶ÃŸe.pdf"`. A name that was read correctly is returned unchanged.
 *
 * The result is for people to read, for example in a `contentDisposition`. To make a key, use {@link keyTemplate}.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7578#section-5.1 for the UTF-8 of forms
 * @example
 * ```ts
 * await storage.put(key, fromFile(file.path), {
 *   contentDisposition: contentDisposition("attachment", formFileName(file.originalname)),
 * });
 * ```
 * @throws TypeError if the name is not a string.
 */
export function formFileName(name: string): string {
  anyText("formFileName", "name", name, "the name of a file");
  // eslint-disable-next-line no-control-regex -- the expressions test for Latin-1 and for ASCII
  if (!/^[\u0000-\u00ff]*$/.test(name) || /^[\u0000-\u007f]*$/.test(name)) return name;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(name, "latin1"));
  } catch {
    return name;
  }
}
