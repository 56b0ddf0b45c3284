import { clock } from "../kit/clock.js";
import { Readable } from "node:stream";
import { ignore, isListenedTo } from "./stream-watch.js";

/** The maximum number of bytes that are read after an upload has failed. Reading them lets the client receive the answer. */
const DRAIN_BYTES_MAX = 16 * 1024 * 1024;
const DRAIN_MS_MAX = 10_000;

/** The time that a caller gets to read a file of a form after the put of that file has failed, in milliseconds. */
const LEFT_MS = 1000;

/**
 * Releases a stream after its put has failed. An unread stream still belongs to the caller and is left alone. If the
 * stream comes from a client that expects an answer, the stream is read for a while longer. Destroying a request would
 * close the connection. A form ends only after all its files have been read. Every other stream is destroyed.
 *
 * @param isMade - True when the stream was made for this reading and has no other owner.
 */
export function letGo(source: Readable, isMade: boolean = false): void {
  source.on("error", ignore);
  if (source.destroyed || source.readableEnded) return;
  if (!Readable.isDisturbed(source) && !isMade) leave(source);
  else if (isWayBack(source)) drain(source);
  else source.destroy();
}

/**
 * Leaves a stream to its caller. If the stream comes from a client that waits for an answer, and no other code reads
 * the stream within `LEFT_MS`, this package reads and drops the bytes.
 */
function leave(source: Readable): void {
  if (!isWayBack(source)) return;
  const drainLeft = (): void => {
    const isLeft = !Readable.isDisturbed(source) && !source.destroyed && source.readableFlowing !== true;
    if (isLeft && !isListenedTo(source)) drain(source);
  };
  clock.setTimeout(drainLeft, LEFT_MS).unref();
}

/** Tells whether a stream is a request of a server, or a file of a form. */
function isWayBack(source: Readable): boolean {
  const { truncated, method, headers, httpVersion } = source as Readable & Record<string, unknown>;
  if (typeof truncated === "boolean") return true;
  return typeof method === "string" && typeof headers === "object" && typeof httpVersion === "string";
}

function drain(source: Readable): void {
  let seen = 0;
  const stop = (): void => {
    clock.clearTimeout(timer);
    source.off("data", count).off("end", stop).off("close", stop);
  };
  const end = (): void => {
    stop();
    source.destroy();
  };
  const count = (chunk: { readonly length?: number }): void => {
    seen += chunk.length ?? 0;
    if (seen > DRAIN_BYTES_MAX) end();
  };
  const timer = clock.setTimeout(end, DRAIN_MS_MAX).unref();
  source.on("error", ignore).on("data", count).on("end", stop).on("close", stop).resume();
}

/**
 * Does the same as {@link letGo} for the body of a `Request`. At the end the reader is released and not cancelled, because
 * cancelling would close the connection.
 */
export async function releaseRequest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
    reader.releaseLock();
  };
  const timer = clock.setTimeout(end, DRAIN_MS_MAX).unref();
  try {
    let seen = 0;
    while (!isOver && seen <= DRAIN_BYTES_MAX) {
      const { done, value } = await reader.read();
      if (done) break;
      seen += value.byteLength;
    }
  } catch {
    // The client has disconnected, or the time is up.
  } finally {
    clock.clearTimeout(timer);
    if (!isOver) reader.releaseLock();
  }
}

/** Leaves a body to its caller. Called when a put is refused before its body is opened. */
export function leaveBody(input: unknown): void {
  if (input instanceof Readable && !Readable.isDisturbed(input)) leave(input);
}
