import { clock } from "../kit/clock.js";
import { Readable } from "node:stream";
import { ignore, isListenedTo } from "./stream-watch.js";

/** How much of an upload that failed is read on, so that its client gets to the answer. */
const DRAIN_BYTES_MAX = 16 * 1024 * 1024;
const DRAIN_MS_MAX = 10_000;

/** How long a file of a form that nobody has begun to read is left to whoever put it. */
const LEFT_MS = 1000;

/**
 * Lets go of a stream whose put has failed. Of which no byte was read belongs to the caller still, and is left alone.
 * A stream on whose other end a client waits for an answer is read on for a while: to destroy a request closes its
 * connection, and a form ends only when its files have ended. Every other stream is destroyed.
 *
 * @param isMade - The stream was made for this reading and has no other owner.
 */
export function letGo(source: Readable, isMade: boolean = false): void {
  source.on("error", ignore);
  if (source.destroyed || source.readableEnded) return;
  if (!Readable.isDisturbed(source) && !isMade) leave(source);
  else if (isWayBack(source)) drain(source);
  else source.destroy();
}

/** Leaves a stream to its caller; one that its client waits behind is read on when nobody takes it up. */
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

/** Does as {@link letGo} with the body of a `Request`; in the end it is released: to cancel it closes the connection. */
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
    // The client is gone, or the time is over.
  } finally {
    clock.clearTimeout(timer);
    if (!isOver) reader.releaseLock();
  }
}

/** Leaves a body to its caller whose put was refused before anybody opened it. */
export function leaveBody(input: unknown): void {
  if (input instanceof Readable && !Readable.isDisturbed(input)) leave(input);
}
