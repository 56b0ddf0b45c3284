import type { Readable } from "node:stream";

/** Reads a stream to its end, chunk by chunk; an abort destroys it and rejects with the signal's reason. */
export async function consume(
  stream: Readable,
  signal: AbortSignal | undefined,
  take: (chunk: Uint8Array) => void | Promise<void>,
): Promise<void> {
  const abort = (): void => void stream.destroy();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    signal?.throwIfAborted();
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const pending = take(chunk);
      if (pending !== undefined) await pending;
    }
    signal?.throwIfAborted();
  } catch (error) {
    stream.destroy();
    if (signal?.aborted === true) throw signal.reason;
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Waits, or rejects at once with the signal's reason. */
export async function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** A new controller that also follows `outer`; `unlink` must be called when the work is done. */
export function linkedController(
  outer: AbortSignal | undefined,
  onAbort?: (reason: unknown) => void,
): { readonly controller: AbortController; readonly unlink: () => void } {
  const controller = new AbortController();
  const follow = (): void => {
    controller.abort(outer?.reason);
    onAbort?.(outer?.reason);
  };
  if (outer?.aborted === true) follow();
  else outer?.addEventListener("abort", follow, { once: true });
  return { controller, unlink: () => outer?.removeEventListener("abort", follow) };
}
