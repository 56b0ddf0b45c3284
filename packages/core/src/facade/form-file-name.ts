import { anyText } from "../kit/options.js";

/**
 * Returns the name of a file of a form as its user wrote it. Parsers such as busboy and multer read names as Latin-1, and
 * browsers send them as UTF-8: `"Größe.pdf"` arrives as `"GrÃ¶ÃŸe.pdf"`. A name that was read correctly is returned as it is.
 *
 * The result is for people to read, such as in a `contentDisposition`. A key is better made by {@link keyTemplate}.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7578#section-5.1 for the UTF-8 of forms
 * @example
 * ```ts
 * await storage.put(key, fromFile(file.path), {
 *   contentDisposition: contentDisposition("attachment", formFileName(file.originalname)),
 * });
 * ```
 * @throws TypeError when the name is not a text.
 */
export function formFileName(name: string): string {
  anyText("formFileName", "name", name, "the name of a file");
  // eslint-disable-next-line no-control-regex -- characters that fit into a byte, but not all into ASCII
  if (!/^[\u0000-\u00ff]*$/.test(name) || /^[\u0000-\u007f]*$/.test(name)) return name;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(name, "latin1"));
  } catch {
    return name;
  }
}
