import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { toBody } from "@stowage/core/provider";

/** The longest silence of a client while its body is being read here, in milliseconds. */
export const IDLE_MS = 30_000;

/** The limits of a body. */
interface SourceLimits {
  /** The key that errors name. */
  readonly key?: string | undefined;
  /** The longest silence of the client, in milliseconds; 0 means no limit. */
  readonly idleMs: number;
  readonly maxBytes?: number | undefined;
  readonly size?: number | undefined;
}

/**
 * Opens the body of a request in the same way as a put. A body that was read before is refused. A silent client is noticed. A body
 * that is abandoned is drained for a while, so that the client can read the answer.
 *
 * @throws StorageError `SourceError`.
 */
export async function openSource(
  request: Request | IncomingMessage | Readable,
  { key, idleMs, maxBytes, size }: SourceLimits,
): Promise<Readable> {
  return (await toBody(request, { key, idleMs, maxBytes, size, provider: "request" })).open();
}
