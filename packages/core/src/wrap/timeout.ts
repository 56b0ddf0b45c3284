import { linkedController } from "../abort.js";
import { StorageError } from "../errors.js";
import { intercept, type Around, type Call, type CallChanges } from "../intercept.js";
import type { GetResult, PutOptions, StorageProvider } from "../provider.js";
import { guardResult } from "../guard.js";

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
  const around: Around = async (call, next) => {
    const result = await withLimit(inner.name, limitOf(limits, call), call, next);
    if (call.operation !== "get") return result;
    return guardResult(result as GetResult, inner, limits.idleMs) as typeof result;
  };
  return intercept(inner, { type: "timeout", around, promises: ["no call hangs for ever"] });
}

function limitOf(limits: Limits, { operation }: Call): number {
  if (operation === "get") return limits.firstByteMs;
  if (operation === "copy" || operation === "importFrom") return limits.copyMs;
  return limits.controlMs;
}

/** How long an aborted call may take to clean up before it is left to itself. */
const ABORT_GRACE_MS = 5000;

async function withLimit<T>(
  provider: string,
  limitMs: number,
  call: Call,
  next: (changes?: CallChanges) => Promise<T>,
): Promise<T> {
  if (limitMs === 0) return await next();
  call.options.signal?.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      unlink();
    };
    const timer = setTimeout(() => {
      const error = timedOut(provider, limitMs, call);
      settle();
      reject(error);
      controller.abort(error);
    }, limitMs);
    const { controller, unlink } = linkedController(call.options.signal, (reason) => {
      setTimeout(() => reject(reason), ABORT_GRACE_MS).unref();
    });
    next(changesFor(call, controller.signal, timer)).then(
      (result) => {
        settle();
        resolve(result);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}

/** A put shows by its progress that it is alive. */
function changesFor(call: Call, signal: AbortSignal, timer: NodeJS.Timeout): CallChanges {
  if (call.operation !== "put") return { signal };
  const { onProgress } = call.options as PutOptions;
  return {
    signal,
    onProgress: (progress) => {
      timer.refresh();
      onProgress?.(progress);
    },
  };
}

function timedOut(provider: string, limitMs: number, { operation, key }: Call): StorageError {
  return new StorageError("Timeout", `no answer within ${limitMs} ms`, { operation, key, provider });
}
