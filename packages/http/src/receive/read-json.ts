import type { IncomingMessage } from "node:http";
import { HttpError } from "../wire/http-error.js";
import { chunksOf } from "./receive.js";

/**
 * Reads the body of a request as JSON.
 *
 * @throws HttpError 413 when it is longer, 400 when it is no JSON object.
 */
export async function readJson(
  request: Request | IncomingMessage,
  maxBytes: number,
): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(request)) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new HttpError(413, "TooLarge", `its JSON is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const value = parse(Buffer.concat(chunks).toString());
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new HttpError(400, "MalformedJson", "its body is no JSON object");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
