import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { toBody } from "@stowage/core/provider";

/** How long a client may send nothing while its body is being read here, in milliseconds. */
export const IDLE_MS = 30_000;

/** The limits of a body. */
interface SourceLimits {
  /** For errors. */
  readonly key?: string | undefined;
  /** In milliseconds; 0 for ever. */
  readonly idleMs: number;
  readonly maxBytes?: number | undefined;
  readonly size?: number | undefined;
}

/**
 * Begins to read the body of a request as core does it for a put: a body that somebody else has read is refused, silence is noticed, and
 * a body that is let go of is read on for a while, so that its client gets to the answer.
 *
 * @throws StorageError `SourceError`.
 */
export async function openSource(
  request: Request | IncomingMessage | Readable,
  { key, idleMs, maxBytes, size }: SourceLimits,
): Promise<Readable> {
  return (await toBody(request, { key, idleMs, maxBytes, size, provider: "request" })).open();
}
