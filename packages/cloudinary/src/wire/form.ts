import { randomBytes } from "node:crypto";

/** An encoded form, in pieces that are sent one after the other. */
export interface EncodedForm {
  readonly contentType: string;
  readonly pieces: readonly Uint8Array[];
  /** The number of bytes in front of the file's bytes. */
  readonly before: number;
}

/**
 * Encodes fields and a file as RFC 7578 requires. The bytes of the file are not copied.
 *
 * The form names the file `file`, without an extension. If the file name had an extension, Cloudinary would append that
 * extension to a public id without an extension.
 */
export function encodeForm(
  fields: Readonly<Record<string, string>>,
  file: Uint8Array | undefined,
): EncodedForm {
  const boundary = `stowage-${randomBytes(16).toString("hex")}`;
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const contentType = `multipart/form-data; boundary=${boundary}`;
  const end = `--${boundary}--`;
  if (file === undefined) {
    return { contentType, pieces: [Buffer.from(parts.join("") + end)], before: 0 };
  }
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const start = Buffer.from(parts.join("") + head);
  return { contentType, pieces: [start, file, Buffer.from(`\r\n${end}`)], before: start.byteLength };
}
