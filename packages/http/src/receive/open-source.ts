import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { toBody } from "@stowage/core/provider";

/** The time to wait for the client's next bytes while this package reads the body, in milliseconds. */
export const IDLE_MS = 30_000;

/** The limits of a body. */
interface SourceLimits {
  /** The key that appears in errors. */
  readonly key?: string | undefined;
  /** The time to wait for the client's next bytes, in milliseconds; 0 means no limit. */
  readonly idleMs: number;
  readonly maxBytes?: number | undefined;
  readonly size?: number | undefined;
}

/**
 * Opens the body of a request in the same way as a put. Refuses a body that was read before, and fails if the client stops
 * sending. If the put ends early, the rest of the body is read and dropped for a while, so that the client can read the
 * answer.
 *
 * @throws StorageError `SourceError`.
 */
export async function openSource(
  request: Request | IncomingMessage | Readable,
  { key, idleMs, maxBytes, size }: SourceLimits,
): Promise<Readable> {
  return (await toBody(request, { key, idleMs, maxBytes, size, provider: "request" })).open();
}
