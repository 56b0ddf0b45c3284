import { delay, linkedController } from "./abort.js";
import { StorageError, isStorageError, toStorageError, type Operation } from "./errors.js";
import type { CallOptions, StorageEvent, StorageProvider } from "./provider.js";
import type { TimedOptions } from "./storage.js";

/** What every call of one facade shares. */
export interface Calls {
  readonly provider: StorageProvider;
  readonly onEvent: ((event: StorageEvent) => void) | undefined;
  /**
   * Aborted by `close` when its patience ends. Calls are given its signal only where no time limits are,
   * which abort what runs by themselves: listening to a signal costs as much as a small read.
   */
  readonly closing: AbortController;
  readonly hasLimits: boolean;
  readonly running: Set<Promise<unknown>>;
  closed: boolean;
}

/** The options a provider gets: the caller's, with the signal and the listener of this call. */
export type Inner<Options> = Options & CallOptions;

/**
 * Runs one call of the facade: refuses it after `close`, bounds it by `timeoutMs`, reports it, and lets no
 * foreign error out.
 */
export async function runCall<Options extends CallOptions & TimedOptions, T>(
  calls: Calls,
  operation: Operation,
  key: string | undefined,
  options: Options,
  run: (options: Inner<Options>) => Promise<T>,
): Promise<T> {
  const { provider, onEvent } = calls;
  if (calls.closed) {
    throw new StorageError("Unavailable", "the storage is closed", {
      operation,
      provider: provider.name,
      key,
      retryable: false,
    });
  }
  options.signal?.throwIfAborted();
  const { signal, unlink } = signalOf(calls, operation, key, options);
  const startedAt = onEvent === undefined ? 0 : performance.now();
  const running = run({ ...options, signal, onEvent });
  calls.running.add(running);
  try {
    const result = await running;
    report(calls, operation, key, startedAt, result, undefined);
    return result;
  } catch (error) {
    const shown = signal?.aborted === true ? signal.reason : foreign(error, operation, provider.name, key);
    report(calls, operation, key, startedAt, undefined, shown);
    throw shown;
  } finally {
    calls.running.delete(running);
    unlink?.();
  }
}

function foreign(error: unknown, operation: Operation, provider: string, key: string | undefined): unknown {
  if (isStorageError(error) || error instanceof TypeError) return error;
  return toStorageError(error, { operation, provider, key });
}

function signalOf(
  calls: Calls,
  operation: Operation,
  key: string | undefined,
  { signal, timeoutMs }: CallOptions & TimedOptions,
): { readonly signal: AbortSignal | undefined; readonly unlink?: () => void } {
  const { closing, provider, hasLimits } = calls;
  if (timeoutMs === undefined && hasLimits) return { signal };
  if (timeoutMs === undefined && signal === undefined) return { signal: closing.signal };
  if (timeoutMs !== undefined && !(timeoutMs > 0)) {
    throw new TypeError(`timeoutMs is a number of milliseconds above zero, not ${String(timeoutMs)}`);
  }
  const first = linkedController(signal);
  const onClose = (): void => first.controller.abort(closing.signal.reason);
  closing.signal.addEventListener("abort", onClose, { once: true });
  const expire = (): void =>
    first.controller.abort(
      new StorageError("Timeout", `the call took longer than its ${timeoutMs} ms`, {
        operation,
        provider: provider.name,
        key,
        retryable: false,
      }),
    );
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  const unlink = (): void => {
    clearTimeout(timer);
    first.unlink();
    closing.signal.removeEventListener("abort", onClose);
  };
  return { signal: first.controller.signal, unlink };
}

function report(
  { onEvent, provider }: Calls,
  operation: Operation,
  key: string | undefined,
  startedAt: number,
  result: unknown,
  error: unknown,
): void {
  if (onEvent === undefined) return;
  const info = (result as { info?: object } | undefined)?.info ?? result;
  const { size, provider: leaf } = Object(info) as { size?: unknown; provider?: unknown };
  onEvent({
    type: "operation",
    operation,
    key,
    provider: typeof leaf === "string" ? leaf : provider.name,
    milliseconds: performance.now() - startedAt,
    ...(typeof size === "number" && { size }),
    ...(error !== undefined && { error }),
  });
}

/** A listener whose errors go nowhere: telling somebody must not change what happened. */
export function safeListener(
  listener: ((event: StorageEvent) => void) | undefined,
): ((event: StorageEvent) => void) | undefined {
  if (listener === undefined) return undefined;
  return (event) => {
    try {
      listener(event);
    } catch {
      // The listener's own problem.
    }
  };
}

/** How long aborted calls may take to clean up before `close` goes on without them. */
const ABORT_GRACE_MS = 5000;

/** Closes the facade's calls: waits for what runs, then aborts it. */
export async function closeCalls(calls: Calls, graceMs: number): Promise<void> {
  calls.closed = true;
  const settled = Promise.allSettled(calls.running);
  await within(settled, graceMs);
  calls.closing.abort(
    new StorageError("Unavailable", "the storage was closed", {
      operation: "close",
      provider: calls.provider.name,
      retryable: false,
    }),
  );
  await calls.provider.close?.();
  await within(settled, ABORT_GRACE_MS);
}

/** Waits for something, but not longer than that. */
async function within(settled: Promise<unknown>, milliseconds: number): Promise<void> {
  const stop = new AbortController();
  const patience = delay(milliseconds, stop.signal).catch(() => {});
  await Promise.race([settled, patience]);
  stop.abort();
}
