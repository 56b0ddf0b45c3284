import { StorageError } from "../contract/errors.js";
import type { ListOptions } from "../contract/call-options.js";

/**
 * Packs a position in a listing into a cursor. The cursor also contains the options of its listing. A different listing can
 * therefore refuse the cursor.
 */
export function packCursor(position: unknown, options: ListOptions): string {
  const content = JSON.stringify([1, options.prefix ?? "", options.delimiter ?? "", position]);
  return Buffer.from(content).toString("base64url");
}

/**
 * Returns the position in a cursor, or `undefined` if the listing starts at its beginning.
 *
 * @throws StorageError `InvalidArgument` if the cursor is not valid, or belongs to another listing.
 */
export function unpackCursor(options: ListOptions, provider: string): unknown {
  if (options.cursor === undefined) return undefined;
  const content = parse(options.cursor);
  if (!Array.isArray(content) || content.length !== 4 || content[0] !== 1) {
    throw cursorError("the cursor does not come from this listing", provider);
  }
  const [, prefix, delimiter, position] = content as [unknown, unknown, unknown, unknown];
  if (prefix === (options.prefix ?? "") && delimiter === (options.delimiter ?? "")) return position;
  throw cursorError("the cursor belongs to a listing with a different prefix or delimiter", provider);
}

/**
 * Returns the entry after which a listing continues: a key or a common prefix. If there is a cursor, the entry is read from the
 * cursor as in {@link unpackCursor}; otherwise the entry is `after`.
 */
export function unpackKeyCursor(options: ListOptions, provider: string): string | undefined {
  const position = options.cursor === undefined ? options.after : unpackCursor(options, provider);
  if (position === undefined || typeof position === "string") return position;
  throw cursorError("the cursor does not come from this listing", provider);
}

function cursorError(reason: string, provider: string): StorageError {
  return new StorageError("InvalidArgument", reason, { operation: "list", provider });
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    return undefined;
  }
}
