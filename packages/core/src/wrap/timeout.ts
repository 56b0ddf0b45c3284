import { types } from "node:util";
import { clock, onAbort } from "../kit/clock.js";
import type { Readable } from "node:stream";
import { StorageError, type Applied } from "../contract/errors.js";
import { begin, intercept, type Call, type CallChanges, type Next } from "./intercept.js";
import type { WriteOptions } from "../contract/call-options.js";
import type { GetResult, StorageProvider } from "../contract/provider.js";
import { guardResult } from "../body/guard.js";
import { CallLimit, type LimitedCall } from "./call-limit.js";
import { type OptionNames, knownNames, wholeNumber } from "../kit/options.js";

/** The options of `timeout`. Each limit is in milliseconds; 0 switches a limit off. */
export interface TimeoutOptions {
  /**
   * The time that `get` may take to open the object, in milliseconds.
   *
   * @default 15,000
   */
  readonly firstByteMs?: number | undefined;
  /**
   * The time to wait for the next bytes of an object that is being read, in milliseconds.
   *
   * @default 30,000
   */
  readonly idleMs?: number | undefined;
  /**
   * The time that a call without bytes may take, and the time that a put may take between two signs of progress, in milliseconds.
   *
   * @default 60,000
   */
  readonly controlMs?: number | undefined;
  /**
   * The time that a copy inside the provider may take, in milliseconds. Such a copy shows no progress.
   *
   * @default 900,000
   */
  readonly copyMs?: number | undefined;
}

const TIMEOUT_OPTIONS: OptionNames<TimeoutOptions> = {
  firstByteMs: true,
  idleMs: true,
  controlMs: true,
  copyMs: true,
};

type Limits = { readonly [Name in keyof TimeoutOptions]-?: number };

/** Checks the options of `timeout`, and fills in the defaults. @throws TypeError if a limit is not a whole number. */
export function checkTimeouts(options: TimeoutOptions): Limits {
  knownNames("timeout", options, TIMEOUT_OPTIONS);
  const limits: Limits = {
    firstByteMs: options.firstByteMs ?? 15_000,
    idleMs: options.idleMs ?? 30_000,
    controlMs: options.controlMs ?? 60_000,
    copyMs: options.copyMs ?? 900_000,
  };
  for (const [name, value] of Object.entries(limits)) wholeNumber("timeout", name, value);
  return limits;
}

/**
 * Ends calls that hang, with the error `Timeout`. A transfer may take as long as it needs while bytes continue to
 * arrive.
 *
 * All limits are in milliseconds, and 0 switches a limit off. When the time is up, the inner call is aborted. A put, a
 * copy or a move then gets some time to remove the bytes that were sent: at most as long as the limit, and at most five
 * seconds. When a write times out, the error has `applied: "unknown"`.
 *
 * @throws TypeError if a limit is not a whole number.
 */
export function timeout(inner: StorageProvider, options: TimeoutOptions = {}): StorageProvider {
  const limits = checkTimeouts(options);
  const firstByte = new CallLimit(limits.firstByteMs);
  const control = new CallLimit(limits.controlMs);
  const copy = new CallLimit(limits.copyMs);
  const limitOf = ({ operation }: Call): { readonly limit: CallLimit; readonly limitMs: number } => {
    if (operation === "get") return { limit: firstByte, limitMs: limits.firstByteMs };
    if (LONG.has(operation)) return { limit: copy, limitMs: limits.copyMs };
    return { limit: control, limitMs: limits.controlMs };
  };
  let isClosed = false;
  const limited = <T>(call: Call, next: Next<T>, bodyOf?: (result: T) => GetResult["body"]): Promise<T> => {
    // When a chain closes, a call that was aborted on the first member moves on to the next member. The next member
    // must refuse this call.
    if (isClosed) return Promise.reject(closed(inner.name, "no"));
    const { limit, limitMs } = limitOf(call);
    return limitMs === 0
      ? begin(next)
      : withLimit(
          { provider: inner.name, limitMs, limit, call, bodyOf, graceMs: Math.min(limitMs, ABORT_GRACE_MS) },
          next,
        );
  };
  const wrapped = intercept(inner, {
    type: "timeout",
    around: (call, next) => limited(call, next),
    aroundGet: (call, next) =>
      limited(call, next, ({ body }) => body).then((result) => guardResult(result, inner, limits.idleMs)),
    promises: ["no call hangs for ever"],
  });
  return {
    ...wrapped,
    close: async () => {
      isClosed = true;
      for (const limit of [firstByte, control, copy]) limit.close(closed(inner.name, "unknown"));
      await inner.close?.();
    },
  };
}

/** Verbs that move an object of any size within the provider. */
const LONG: ReadonlySet<string> = new Set(["copy", "move", "importFrom"]);

/** The time to wait for the clean-up of an aborted call, in milliseconds. */
const ABORT_GRACE_MS = 5000;

/** One call and its limit. */
export interface Limited<T> {
  readonly provider: string;
  readonly limitMs: number;
  readonly limit: CallLimit;
  readonly call: Call;
  /** Returns the body of a call that opens an object; absent for other calls. */
  readonly bodyOf: ((result: T) => GetResult["body"]) | undefined;
  /**
   * Called when the time of the call is up, with the time of the last sign of life. If this function returns true, the
   * time limit of the call starts again.
   *
   * @default the call ends
   */
  readonly mayGoOn?: ((heardAt: number) => boolean) | undefined;
  /** The time that the call may take to clean up after it has been aborted, in milliseconds. */
  readonly graceMs: number;
}

/** Ends a call with `Timeout` when its time is up. If the call tries to commit afterwards, the commit is refused. */
export function withLimit<T>(limited: Limited<T>, next: Next<T>): Promise<T> {
  const { provider, limitMs, limit, call, bodyOf, mayGoOn, graceMs } = limited;
  return new Promise<T>((resolve, reject) => {
    const { signal } = call.options;
    signal?.throwIfAborted();
    let open = true;
    const leave = (reason: unknown): void => {
      open = false;
      reject(reason);
    };
    let expired: StorageError | undefined;
    let grace: NodeJS.Timeout | undefined;
    const waited = limit.begin((heardAt) => {
      if (mayGoOn?.(heardAt) === true) return limit.again(waited);
      const error = (expired = timedOut(provider, limitMs, call));
      if (graceMs > 0 && cleansUp(call)) grace = clock.setTimeout(() => leave(error), graceMs);
      else leave(error);
      waited.controller.abort(error);
    });
    const unlink = signal && follow(signal, limit, waited, leave);
    const settle = (): void => {
      limit.end(waited);
      clock.clearTimeout(grace);
      unlink?.();
    };
    begin(next, changesFor(call, waited)).then(
      (result) => {
        settle();
        const body = openBody(bodyOf?.(result));
        // A body that is still being read may use the signal of the call that opened it.
        if (body === undefined) limit.give(waited);
        else body.once("close", () => limit.forget(waited));
        if (open) resolve(result);
        else body?.on("error", () => {}).destroy(); // The body was opened too late and will not be read.
      },
      (error: unknown) => {
        settle();
        limit.give(waited);
        reject(expired ?? error);
      },
    );
  });
}

/** Tells whether a call must clean up before it rejects. Parts that were sent are removed before the caller gets the error. */
function cleansUp({ operation }: Call): boolean {
  return operation === "put" || operation === "copy" || operation === "move";
}

function openBody(body: GetResult["body"] | undefined): Readable | undefined {
  return types.isUint8Array(body) ? undefined : body;
}

/** Passes the caller's abort on to a call. If the call ignores the abort, the wrapper stops waiting after `ABORT_GRACE_MS`. */
function follow(
  signal: AbortSignal,
  limit: CallLimit,
  limited: LimitedCall,
  leave: (reason: unknown) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    limit.end(limited);
    limited.controller.abort(signal.reason);
    timer = clock.setTimeout(() => leave(signal.reason), ABORT_GRACE_MS);
  };
  const unlink = onAbort(signal, abort);
  return () => {
    clock.clearTimeout(timer);
    unlink();
  };
}

/**
 * Returns the changed parts of the call that the inner provider receives. The progress of a put serves as a sign of life. If the caller of a write no
 * longer waits, the write must not change anything.
 */
function changesFor(call: Call, limited: LimitedCall): CallChanges {
  const { signal } = limited.controller;
  const { beforeCommit: given } = call.options as WriteOptions;
  if (given === undefined && call.operation !== "put") return { signal };
  const beforeCommit = (): void => {
    signal.throwIfAborted();
    given?.();
  };
  if (call.operation !== "put") return { signal, beforeCommit };
  const { onProgress } = call.options;
  return {
    signal,
    beforeCommit,
    onProgress: (progress) => {
      if (limited.heardAt !== undefined) limited.heardAt = clock.now();
      onProgress?.(progress);
    },
  };
}

/** Makes the error for calls that end because the provider was closed. */
function closed(provider: string, applied: Applied): StorageError {
  return new StorageError("Unavailable", "the provider was closed", {
    operation: "close",
    provider,
    retryable: false,
    applied,
  });
}

function timedOut(provider: string, limitMs: number, { operation, key }: Call): StorageError {
  return new StorageError("Timeout", `no answer came within ${limitMs} ms`, { operation, key, provider });
}
