import { clock, onAbort } from "../kit/clock.js";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { TIMER_MS_MAX, linkedController, within } from "../kit/abort.js";
import { StorageError, isStorageError, toStorageError, type Operation } from "../contract/errors.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import { FlowedStream } from "../body/flowed-stream.js";
import type { ObjectInfo } from "../contract/object.js";
import type { StorageEvent } from "../contract/event.js";
import type { TimedOptions } from "./storage-options.js";
import type { CallOptions, PutOptions } from "../contract/call-options.js";
import { safeListener } from "../kit/listener.js";
import { anyNumber } from "../kit/options.js";

/** The state that all calls of one facade share. */
export interface Calls {
  readonly provider: ComposedProvider;
  readonly onEvent: ((event: StorageEvent) => void) | undefined;
  /**
   * The controller that `close` aborts at the end of the grace period. A call listens to the controller's signal only
   * if there are no time limits, because listening to a signal costs as much as a small read. If there are time limits,
   * the limits end the running calls.
   */
  readonly closing: AbortController;
  readonly hasLimits: boolean;
  running: number;
  /** Called when the last running call has settled. */
  onIdle: (() => void) | undefined;
  /** The time that an unread object stays open, in milliseconds; 0 means for ever. */
  readonly unreadMs: number | undefined;
  /** The bodies of objects that are being read. */
  readonly bodies: Set<Readable>;
  closed: boolean;
}

/** The options that a provider gets: the caller's options, with the signal and the listener of this call. */
export type Inner<Options> = Options & CallOptions;

/**
 * The verbs that call the provider several times. The provider's time limits do not end the work between two calls to
 * the provider.
 */
const LONG: ReadonlySet<Operation> = new Set([
  "download",
  "deleteMany",
  "deletePrefix",
  "copy",
  "move",
  "verify",
]);

/**
 * Runs one call of the facade. Refuses the call after `close`, applies `timeoutMs`, reports the call as an event, and
 * converts unknown errors to `StorageError`. A long call gets its own signal, which aborts on `close`.
 */
export async function runCall<Options extends CallOptions & TimedOptions, T>(
  calls: Calls,
  operation: Operation,
  key: string | undefined,
  options: Options,
  run: (options: Inner<Options>) => Promise<T>,
  isLong: boolean = LONG.has(operation),
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
  const { signal, unlink } = signalOf(calls, operation, key, options, isLong);
  const startedAt = onEvent === undefined ? 0 : clock.now();
  try {
    const work = counted(calls, run(innerOptions(options, signal, onEvent)), unlink);
    const result = options.timeoutMs === undefined ? await work : await orOverdue(work, signal);
    report(calls, operation, key, startedAt, result, undefined);
    return result;
  } catch (error) {
    const shown = signal?.aborted === true ? signal.reason : foreign(error, operation, provider.name, key);
    report(calls, operation, key, startedAt, undefined, shown);
    throw shown;
  }
}

/** Counts a call as running until it has settled, even when its caller no longer waits. */
async function counted<T>(calls: Calls, work: Promise<T>, unlink: (() => void) | undefined): Promise<T> {
  calls.running++;
  try {
    return await work;
  } finally {
    if (--calls.running === 0) calls.onIdle?.();
    unlink?.();
  }
}

/** The time that a call may need to end after its `timeoutMs` is over, in milliseconds. */
const OVERDUE_MS = 50;

/**
 * Waits for a call with a time limit. If the call ignores its limit, the caller gets the timeout, and the result of the call is
 * dropped.
 */
async function orOverdue<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let isLeft = false;
  return await new Promise<T>((resolve, reject) => {
    const unlink = onAbort(signal, () => {
      if (!isStorageError(signal?.reason, "Timeout")) return;
      timer = clock.setTimeout(() => {
        isLeft = true;
        reject(signal?.reason as Error);
      }, OVERDUE_MS);
    });
    work
      .then((result) => {
        // The caller no longer waits, so an object that arrives too late is not read.
        if (isLeft) (result as { destroy?: () => void } | undefined)?.destroy?.();
        else resolve(result);
      }, reject)
      .finally(() => {
        clock.clearTimeout(timer);
        unlink();
      });
  });
}

function innerOptions<Options extends CallOptions>(
  options: Options,
  signal: AbortSignal | undefined,
  onEvent: CallOptions["onEvent"],
): Inner<Options> {
  const { onProgress } = options as Pick<PutOptions, "onProgress">;
  const isSame = signal === options.signal && onEvent === options.onEvent;
  if (onProgress !== undefined) {
    return Object.assign({}, options, { signal, onEvent, onProgress: safeListener(onProgress) });
  }
  return isSame ? options : Object.assign({}, options, { signal, onEvent });
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
  isLong: boolean,
): { readonly signal: AbortSignal | undefined; readonly unlink?: () => void } {
  const { closing, provider, hasLimits } = calls;
  if (timeoutMs === undefined && hasLimits && !isLong) return { signal };
  if (timeoutMs === undefined && signal === undefined) return { signal: closing.signal };
  if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
    anyNumber(operation, "timeoutMs", timeoutMs, { above: 0 });
  }
  const first = linkedController(signal);
  const unlinkClosing = onAbort(closing.signal, () => first.controller.abort(closing.signal.reason));
  const expire = (): void =>
    first.controller.abort(
      new StorageError("Timeout", `the call took longer than its limit of ${timeoutMs} ms`, {
        operation,
        provider: provider.name,
        key,
        retryable: false,
      }),
    );
  const timer =
    timeoutMs === undefined ? undefined : clock.setTimeout(expire, Math.min(timeoutMs, TIMER_MS_MAX));
  const unlink = (): void => {
    clock.clearTimeout(timer);
    first.unlink();
    unlinkClosing();
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
    milliseconds: clock.now() - startedAt,
    ...(typeof size === "number" && { size }),
    ...(error !== undefined && { error }),
  });
}

/** Reports how many bytes of an object were read. */
export function tellRead(
  onEvent: (event: StorageEvent) => void,
  { provider, key }: ObjectInfo,
  bytes: number,
  milliseconds: number,
): void {
  onEvent({ type: "read", provider, key, bytes, milliseconds });
}

/**
 * Tracks an object that is being read. The body of the object ends when the signal of the call aborts, or when the storage is
 * closed.
 */
export function trackBody(
  { bodies, closing, onEvent }: Calls,
  { body, info }: { readonly body: Readable; readonly info: ObjectInfo },
  signal: AbortSignal | undefined,
): void {
  const openedAt = onEvent === undefined ? 0 : clock.now();
  const abort = (): void => void body.destroy(signal?.reason as Error);
  const unlink = onAbort(signal, abort);
  bodies.add(body);
  body.once("close", () => {
    bodies.delete(body);
    unlink();
    const bytes = body instanceof FlowedStream ? body.seenBytes : info.size;
    if (onEvent !== undefined) tellRead(onEvent, info, bytes, clock.now() - openedAt);
  });
  if (signal?.aborted === true) abort();
  else if (closing.signal.aborted) body.destroy(closing.signal.reason as Error);
}

/** The time that aborted calls may take to clean up before `close` continues without them, in milliseconds. */
const ABORT_GRACE_MS = 5000;

/**
 * Closes the calls of the facade. Waits for running calls and for objects that are being read, and aborts them after `graceMs`.
 */
export async function closeCalls(calls: Calls, graceMs: number): Promise<void> {
  calls.closed = true;
  const settled = settling(calls);
  await within(settled, graceMs);
  const reason = new StorageError("Unavailable", "the storage was closed", {
    operation: "close",
    provider: calls.provider.name,
    retryable: false,
  });
  calls.closing.abort(reason);
  for (const body of calls.bodies) body.destroy(reason);
  await calls.provider.close?.();
  await within(settled, ABORT_GRACE_MS);
}

/**
 * Waits until no call runs and no object is being read. The check is repeated after each wait, because a call may end by opening
 * an object.
 */
async function settling(calls: Calls): Promise<void> {
  const { bodies } = calls;
  while (calls.running + bodies.size > 0) {
    await Promise.allSettled([idle(calls), ...[...bodies].map((body) => once(body, "close"))]);
  }
}

async function idle(calls: Calls): Promise<void> {
  if (calls.running > 0) await new Promise<void>((resolve) => void (calls.onIdle = resolve));
}
