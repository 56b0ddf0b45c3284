import { TIMER_MS_MAX, linkedController } from "../abort.js";
import { StorageError, type Applied } from "../errors.js";
import { intercept, type Around, type Call, type CallChanges } from "../intercept.js";
import type { GetResult, PutOptions, StorageProvider } from "../provider.js";
import { guardResult } from "../guard.js";
import { createControllers, type Controllers } from "./controllers.js";

export interface TimeoutOptions {
  /** Until `get` has opened the object; default 15,000. */
  readonly firstByteMs?: number | undefined;
  /** Between the bytes of an object that is being read; default 30,000. */
  readonly idleMs?: number | undefined;
  /** For calls that move no bytes, and for a put between two signs of progress; default 60,000. */
  readonly controlMs?: number | undefined;
  /** For a copy inside the provider, which shows no progress; default 900,000. */
  readonly copyMs?: number | undefined;
}

interface Limits {
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly controlMs: number;
  readonly copyMs: number;
}

/**
 * Ends calls that hang, with `Timeout`. The length of a transfer has no limit, only its silences have.
 *
 * All limits are in milliseconds, and 0 switches one off. The inner call is aborted, but not waited for. A
 * write that ran out of time has `applied: "unknown"`.
 *
 * @throws TypeError when a limit is not a whole number.
 */
export function timeout(inner: StorageProvider, options: TimeoutOptions = {}): StorageProvider {
  const limits: Limits = {
    firstByteMs: options.firstByteMs ?? 15_000,
    idleMs: options.idleMs ?? 30_000,
    controlMs: options.controlMs ?? 60_000,
    copyMs: options.copyMs ?? 900_000,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new TypeError(`timeout: ${name} is a whole number of milliseconds, not ${String(value)}`);
  }
  const controllers = createControllers();
  let isClosed = false;
  const around: Around = (call, next) => {
    // A chain whose first member was closed goes on to the next, which must not begin what nobody waits for.
    if (isClosed) return Promise.reject(closed(inner.name, "no"));
    const settled = withLimit(inner.name, limitOf(limits, call), call, next, controllers);
    if (call.operation !== "get") return settled;
    return settled.then((result) => guardResult(result as GetResult, inner, limits.idleMs) as typeof result);
  };
  return {
    ...intercept(inner, { type: "timeout", around, promises: ["no call hangs for ever"] }),
    close: async () => {
      isClosed = true;
      controllers.abortAll(closed(inner.name, "unknown"));
      await inner.close?.();
    },
  };
}

function limitOf(limits: Limits, { operation }: Call): number {
  if (operation === "get") return limits.firstByteMs;
  if (operation === "copy" || operation === "importFrom") return limits.copyMs;
  return limits.controlMs;
}

/** How long an aborted call may take to clean up before it is left to itself. */
const ABORT_GRACE_MS = 5000;

function withLimit<T>(
  provider: string,
  limitMs: number,
  call: Call,
  next: (changes?: CallChanges) => Promise<T>,
  controllers: Controllers,
): Promise<T> {
  if (limitMs === 0) return next();
  const outer = call.options.signal;
  return new Promise<T>((resolve, reject) => {
    outer?.throwIfAborted();
    const controller = controllers.take();
    let open = true;
    const settle = (): void => {
      open = false;
      clearTimeout(timer);
      outer?.removeEventListener("abort", follow);
    };
    const expire = (): void => {
      const error = timedOut(provider, limitMs, call);
      settle();
      reject(error);
      controller.abort(error);
    };
    let timer = setTimeout(expire, Math.min(limitMs, TIMER_MS_MAX));
    const follow = (): void => {
      controller.abort(outer?.reason);
      clearTimeout(timer);
      timer = setTimeout(() => {
        settle();
        reject(outer?.reason);
      }, ABORT_GRACE_MS);
    };
    outer?.addEventListener("abort", follow, { once: true });
    const refresh = (): void => void (open && !controller.signal.aborted && timer.refresh());
    const done = (): boolean => {
      // The signal of a get belongs to the body that it gave.
      if (call.operation !== "get") controllers.give(controller);
      if (!open) return false;
      settle();
      return true;
    };
    next(changesFor(call, controller.signal, refresh)).then(
      (result) => (done() ? resolve(result) : release(call, result)),
      (error: unknown) => done() && reject(error),
    );
  });
}

/** An object that was opened too late has no reader: what it holds is given back. */
function release({ operation }: Call, result: unknown): void {
  if (operation !== "get") return;
  const { body } = result as GetResult;
  if (!(body instanceof Uint8Array)) body.on("error", () => {}).destroy();
}

/** A put shows by its progress that it is alive. */
function changesFor(call: Call, signal: AbortSignal, refresh: () => void): CallChanges {
  if (call.operation !== "put") return { signal };
  const { onProgress } = call.options as PutOptions;
  return {
    signal,
    onProgress: (progress) => {
      refresh();
      onProgress?.(progress);
    },
  };
}

/** What calls end with when the provider is closed. */
function closed(provider: string, applied: Applied): StorageError {
  return new StorageError("Unavailable", "the provider was closed", {
    operation: "close",
    provider,
    retryable: false,
    applied,
  });
}

function timedOut(provider: string, limitMs: number, { operation, key }: Call): StorageError {
  return new StorageError("Timeout", `no answer within ${limitMs} ms`, { operation, key, provider });
}
