import { HttpError } from "../wire/http-error.js";
import type { Incoming } from "../wire/http-request.js";
import { IDLE_MS, openSource } from "./open-source.js";

/**
 * Reads the body of a request as JSON.
 *
 * @throws HttpError 400 if the body is not a JSON object; StorageError `TooLarge` if the body is longer than `maxBytes`, `SourceError` if the
 * body is cut off or the client stops sending.
 */
export async function readJson(
  { source, proceed }: Incoming,
  maxBytes: number,
): Promise<Readonly<Record<string, unknown>>> {
  proceed?.();
  const chunks: Uint8Array[] = [];
  const stream = await openSource(source, { idleMs: IDLE_MS, maxBytes });
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const value = parse(Buffer.concat(chunks).toString());
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new HttpError(400, "MalformedJson", "its body must be a JSON object");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
