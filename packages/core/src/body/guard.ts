import { types } from "node:util";
import { onAbort } from "../kit/clock.js";
import type { Readable } from "node:stream";
import { StorageError, isStorageError } from "../contract/errors.js";
import type { GetResult, StorageProvider } from "../contract/provider.js";
import type { IdleBodies } from "./idle-bodies.js";
import { FlowedStream, type FlowRules, type Inspection } from "./flowed-stream.js";

/**
 * Watches the body of an object that is being read. If the body ends early, is too long, fails or sends no bytes for too long,
 * the stream fails with a `StorageError`. A truncated download therefore never looks complete.
 */
export function guardResult(result: GetResult, provider: StorageProvider, idleMs?: number): GetResult {
  const { body, info, range } = result;
  const size = provider.supports.byteExact ? (range?.length ?? info.size) : undefined;
  if (types.isUint8Array(body)) {
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

/** The options for a body that continues after its connection was cut. */
export interface ResumingOptions {
  /** The size of the body, in bytes. */
  readonly size: number;
  /** Opens the rest of the same object, starting at `offset`. */
  readonly openAt: (offset: number, signal: AbortSignal) => Promise<Readable>;
  /**
   * The number of bytes that are read ahead of the reader.
   *
   * @default 256 KiB
   */
  readonly aheadBytes?: number | undefined;
  /**
   * Sees every byte exactly once, in order, and makes the body fail if the bytes are wrong.
   *
   * @default none
   */
  readonly inspect?: Inspection | undefined;
  /**
   * The provider's bodies that wait for their readers. This body joins them while its reader pauses.
   *
   * @default none: the body keeps its connection even when requests wait for a connection
   */
  readonly idle?: IdleBodies | undefined;
  /**
   * The signal that ends the body. Some HTTP clients ignore the signal as soon as the headers have arrived. A provider with such
   * a client needs this option.
   *
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the body of an object that arrives over a connection. The provider must be able to read from the middle of an object.
 * When the connection is cut, the body continues where it stopped, and its reader notices nothing. This works three times; the
 * fourth cut makes the body fail with `Unavailable`. The body is checked in the same way as by {@link guardResult}, so no second
 * check is needed.
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

/** Returns the error of a body if the cause of the failure is already clear; otherwise `undefined`. */
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
