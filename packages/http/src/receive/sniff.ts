import type { Readable } from "node:stream";
import { essenceOf } from "../serve/stored-headers.js";
import { allowedType } from "./media-types.js";
import { peek } from "./peek.js";

/**
 * The number of first bytes that are needed to recognise the type of nearly every file.
 *
 * @see https://github.com/sindresorhus/file-type#readme
 */
const HEAD_BYTES = 4100;

/** A body with a known type. */
export interface TypedBody {
  readonly contentType: string;
  /** The extension of the type, if the first bytes show the type. */
  readonly extension?: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Looks at the first bytes of a body, and returns the body with the type to store.
 *
 * @throws HttpError 415 if the type is not allowed.
 */
export async function sniff(
  source: Readable,
  declared: string,
  allowed: readonly string[],
): Promise<TypedBody> {
  const { head, body, destroy } = await peek(source, HEAD_BYTES);
  try {
    // The package `file-type` is loaded when it is first needed, because most applications serve files before they
    // receive one.
    const { fileTypeFromBuffer } = await import("file-type");
    const found = await fileTypeFromBuffer(head);
    const contentType = allowedType(allowed, declared, found?.mime);
    const extension = found?.mime === essenceOf(contentType) ? found.ext : undefined;
    return { contentType, extension, body };
  } catch (error) {
    destroy();
    throw error;
  }
}
