import { Transform } from "node:stream";

/** A stream that passes the bytes of a form to the parser and counts the parts of the form. */
export interface PartCounter {
  readonly stream: Transform;
  /** Returns the number of parts that have begun. */
  readonly count: () => number;
}

const DASH = 0x2d;

/**
 * Makes a stream that counts the parts of a form as they pass. The parser silently skips parts that it cannot read. So the
 * caller compares the number of parts with the number that the parser reports.
 *
 * @param boundary - The boundary of the form.
 * @see https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
 */
export function countParts(boundary: string): PartCounter {
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  // The first delimiter has no line before it.
  let kept: Buffer = Buffer.from("\r\n");
  let count = 0;
  const look = (chunk: Buffer): void => {
    const bytes = Buffer.concat([kept, chunk]);
    let from = 0;
    for (;;) {
      const at = bytes.indexOf(delimiter, from);
      // The two bytes after a delimiter show if this delimiter is the last one.
      if (at === -1 || at + delimiter.length + 2 > bytes.length) break;
      const end = at + delimiter.length;
      if (bytes[end] !== DASH || bytes[end + 1] !== DASH) count++;
      from = end;
    }
    kept = bytes.subarray(Math.max(from, bytes.length - delimiter.length - 1));
  };
  const stream = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      look(chunk);
      done(null, chunk);
    },
  });
  return { stream, count: () => count };
}
