import { onAbort } from "../kit/clock.js";
import type { Readable } from "node:stream";
import { StorageError, isStorageError } from "../contract/errors.js";
import type { GetResult, StorageProvider } from "../contract/provider.js";
import type { IdleBodies } from "./idle-bodies.js";
import { FlowedStream, type FlowRules, type Inspection } from "./flowed-stream.js";

/**
 * Watches the body of a read object: one that ends early, goes on too long, fails or falls silent makes the
 * stream fail with a `StorageError`. A truncated download never looks like a whole one.
 */
export function guardResult(result: GetResult, provider: StorageProvider, idleMs?: number): GetResult {
  const { body, info, range } = result;
  const size = provider.supports.byteExact ? (range?.length ?? info.size) : undefined;
  if (body instanceof Uint8Array) {
    if (size === undefined || body.byteLength === size) return result;
    throw bodyError(info, `the body has ${body.byteLength} bytes instead of ${size}`);
  }
  if (body instanceof FlowedStream) {
    if (idleMs !== undefined) body.limitSilence(idleMs);
    return result;
  }
  const toError: FlowRules["toError"] = (reason, cause) =>
    failedBody(info, reason, cause) ??
    bodyError(info, `the body ${reason}`, cause, cause === undefined ? "Integrity" : "Unavailable");
  return { ...result, body: new FlowedStream(() => body, { size, idleMs, toError }) };
}

/** How the body of an object goes on after its connection was cut. */
export interface ResumingOptions {
  /** In bytes. */
  readonly size: number;
  /** Opens the rest of the very same object, of which so many bytes have come. */
  readonly openAt: (offset: number, signal: AbortSignal) => Promise<Readable>;
  /**
   * How much is read ahead of the reader, in bytes.
   *
   * @default 256 KiB
   */
  readonly aheadBytes?: number | undefined;
  /**
   * Sees every byte once, in order, and fails the body when the bytes are wrong.
   *
   * @default none
   */
  readonly inspect?: Inspection | undefined;
  /**
   * The provider's bodies that nobody reads: this one is among them while its reader pauses.
   *
   * @default none: the body keeps its connection whoever waits for one
   */
  readonly idle?: IdleBodies | undefined;
  /**
   * Ends the body, for clients that let go of the signal when the headers are there.
   *
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The body of an object over a connection, for providers that can read from the middle. When the connection is cut
 * the body goes on where it was, at most three times in all, and its reader notices nothing; then it fails with
 * `Unavailable`. It is watched as {@link guardResult} does, so nothing more is wrapped around it.
 *
 * @param source - The bytes from the beginning.
 */
export function resumingBody(
  source: Readable,
  info: Pick<GetResult["info"], "key" | "provider">,
  { size, openAt, aheadBytes, inspect, idle, signal }: ResumingOptions,
): Readable {
  const toError: FlowRules["toError"] = (reason, cause) =>
    failedBody(info, reason, cause) ??
    bodyError(info, "the connection was cut while the object was read", cause, "Unavailable");
  const body = new FlowedStream(() => source, { size, aheadBytes, inspect, idle, reopen: openAt, toError });
  if (signal === undefined) return body;
  return body.once(
    "close",
    onAbort(signal, () => void body.destroy(signal.reason as Error)),
  );
}

/** What says by itself what it is. */
function failedBody(
  info: Pick<GetResult["info"], "key" | "provider">,
  reason: string,
  cause: unknown,
): StorageError | undefined {
  if (isStorageError(cause)) return cause;
  if (cause !== undefined) return undefined;
  if (reason.startsWith("gave no bytes")) return bodyError(info, `the body ${reason}`, undefined, "Timeout");
  return reason.startsWith("is longer") ? bodyError(info, `the body ${reason}`) : undefined;
}

function bodyError(
  { key, provider }: Pick<GetResult["info"], "key" | "provider">,
  reason: string,
  cause?: unknown,
  code: "Integrity" | "Unavailable" | "Timeout" = "Integrity",
): StorageError {
  return new StorageError(code, reason, { operation: "get", provider, key, cause });
}
