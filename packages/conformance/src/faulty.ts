import { Readable } from "node:stream";
import {
  StorageError,
  isStorageError,
  type Applied,
  type Operation,
  type StorageErrorCode,
  type StorageProvider,
} from "@stowage/core";
import {
  consume,
  delay,
  intercept,
  toBody,
  type Around,
  type Body,
  type Call,
  type CallChanges,
  type GetResult,
  type WriteOptions,
} from "@stowage/core/provider";
import { FaultDecider, type Fault, type FaultPlan } from "./fault-plan.js";

/** A record of a call to a faulty provider. */
export interface FaultLogEntry {
  readonly operation: Operation;
  readonly key: string | undefined;
  /** The fault of the call: `"down"` if the provider was down, `undefined` if nothing went wrong. */
  readonly fault: Fault | "down" | undefined;
}

/** A provider with faults, and the functions that cause the faults. */
export interface Faulty {
  readonly provider: StorageProvider;
  /** Makes every call reject with `Unavailable`, without effect, until {@link Faulty.up} is called. */
  readonly down: () => void;
  readonly up: () => void;
  /** Sets the fault of the next call with this verb. This fault comes before the faults of the plan. */
  readonly failNext: (operation: Operation, fault: Fault) => void;
  /** Applies all late writes that are still on their way, in the order in which they were sent. */
  readonly land: () => Promise<void>;
  /** Every call, in order. */
  readonly log: readonly FaultLogEntry[];
}

/** A write that takes effect after its caller has given up. It takes effect after `calls` further calls. */
interface LateWrite {
  readonly apply: () => Promise<unknown>;
  calls: number;
}

interface State {
  readonly name: string;
  readonly plan: FaultPlan;
  readonly decider: FaultDecider;
  readonly log: FaultLogEntry[];
  readonly late: LateWrite[];
  isDown: boolean;
}

type Next<T> = (changes?: CallChanges) => Promise<T>;

const DELAY_MS = 10;
const LATE_CALLS_MAX = 3;

/**
 * Wraps a provider and adds faults to its calls. The faults are lost requests and answers, late writes, bodies that are cut
 * off, delays, and a provider that is down.
 *
 * The same plan and the same calls give the same faults. A late write takes effect after one to three further
 * calls, or when {@link Faulty.land} is called. No timer is involved.
 *
 * @throws TypeError if the plan has a wrong name or value, or if the sum of the rates is more than 1.
 * @example
 * ```ts
 * const { provider, failNext } = faulty(memory());
 * failNext("put", "lost-response");
 * await createStorage(fallback([provider, memory({ name: "second" })])).put("a.txt", "abc");
 * ```
 */
export function faulty(inner: StorageProvider, plan: FaultPlan = {}): Faulty {
  const state: State = {
    name: inner.name,
    plan,
    decider: new FaultDecider(plan),
    log: [],
    late: [],
    isDown: false,
  };
  const around: Around = (call, next) => pass(state, call, next);
  return {
    provider: intercept(inner, { type: "faulty", around, limits: ["it fails on purpose"] }),
    down: () => void (state.isDown = true),
    up: () => void (state.isDown = false),
    failNext: (operation, fault) => state.decider.next({ operation, fault }),
    land: () => landAll(state),
    log: state.log,
  };
}

async function pass<T>(state: State, call: Call, next: Next<T>): Promise<T> {
  const { operation, key, options } = call;
  options.signal?.throwIfAborted();
  await landDue(state);
  const { fault, draw } = state.decider.decide(operation);
  state.log.push({ operation, key, fault: state.isDown ? "down" : fault });
  if (state.isDown) throw failure(state, call, "Unavailable", "it is down", "no");
  return fault === undefined ? await next() : await WAYS[fault]({ state, call, next, draw });
}

/** A call that gets a fault. */
interface Failing<T> {
  readonly state: State;
  readonly call: Call;
  readonly next: Next<T>;
  /** A random number from 0 up to 1. It decides how long the call waits, or how late its write takes effect. */
  readonly draw: number;
}

const WAYS: { readonly [Name in Fault]: <T>(failing: Failing<T>) => Promise<T> } = {
  drop,
  delay: wait,
  "lost-response": loseResponse,
  "late-apply": applyLate,
  truncate,
};

async function drop({ state, call }: Failing<unknown>): Promise<never> {
  throw failure(state, call, "Unavailable", "the request was lost", "no");
}

async function wait<T>({ state, call, next, draw }: Failing<T>): Promise<T> {
  await delay(Math.ceil(draw * (state.plan.delayMs ?? DELAY_MS)), call.options.signal);
  return await next();
}

async function loseResponse<T>({ state, call, next }: Failing<T>): Promise<never> {
  const result = await next();
  release(result);
  throw failure(state, call, "Unavailable", "the answer was lost", "unknown");
}

/** Closes the stream of a lost answer, if the answer has a stream. */
function release(result: unknown): void {
  const { body } = Object(result) as Partial<GetResult>;
  if (body instanceof Readable) body.destroy();
}

const READS: ReadonlySet<Operation> = new Set(["get", "head", "list", "signedUrl", "signUpload"]);

async function applyLate<T>({ state, call, next, draw }: Failing<T>): Promise<never> {
  if (!READS.has(call.operation)) {
    const body = call.body && (await bytesOf(call.body, call.options.signal));
    // The caller has given up, so the caller's signal no longer counts.
    const { signal } = new AbortController();
    const calls = 1 + Math.floor(draw * LATE_CALLS_MAX);
    // The request is sent now. `beforeCommit` is the caller's last chance to stop the write.
    (call.options as WriteOptions).beforeCommit?.();
    const beforeCommit = (): void => {};
    state.late.push({ apply: () => next({ signal, body, beforeCommit }), calls });
  }
  throw failure(state, call, "Timeout", "no answer came", "unknown");
}

/** Reads a body into memory, so that a late write does not need the caller's source any more. */
async function bytesOf(body: Body, signal: AbortSignal | undefined): Promise<Body> {
  if (body.bytes !== undefined) return await toBody(Uint8Array.from(body.bytes));
  const chunks: Uint8Array[] = [];
  await consume(body.open(), signal, (chunk) => void chunks.push(Uint8Array.from(chunk)));
  return await toBody(Buffer.concat(chunks));
}

async function landDue(state: State): Promise<void> {
  for (const write of state.late) write.calls--;
  while (state.late[0] !== undefined && state.late[0].calls < 0) await landFirst(state);
}

async function landAll(state: State): Promise<void> {
  while (state.late.length > 0) await landFirst(state);
}

/** Applies the oldest late write. No caller gets the result or the error of the write. */
async function landFirst({ late }: State): Promise<void> {
  await late
    .shift()
    ?.apply()
    .catch(() => {});
}

async function truncate<T>({ state, call, next }: Failing<T>): Promise<T> {
  if (call.operation === "get") return cutResult((await next()) as GetResult) as T;
  if (call.body === undefined) return await next();
  try {
    return await next({ body: cutBody(call.body) });
  } catch (error) {
    if (isStorageError(error, "SourceError") && error.reason === CUT) {
      throw failure(state, call, "Unavailable", "the connection was cut", "unknown");
    }
    throw error;
  }
}

function cutResult(result: GetResult): GetResult {
  const { body, info, range } = result;
  if (body instanceof Uint8Array) return { ...result, body: body.subarray(0, body.byteLength >> 1) };
  return {
    ...result,
    body: Readable.from(firstHalf(body, (range?.length ?? info.size) >> 1), { objectMode: false }),
  };
}

async function* firstHalf(stream: Readable, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = bytes;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    if (left > 0) yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}

const CUT = "the connection was cut";

/** Returns a body with a stream that fails half-way, or after one byte if the size is unknown. */
function cutBody(body: Body): Body {
  const { size, replayable } = body;
  const open: Body["open"] = (range) => {
    const half = firstHalf(body.open(range), (range?.length ?? size ?? 2) >> 1);
    return Readable.from(failingAtEnd(half), { objectMode: false });
  };
  return { size, replayable, open };
}

async function* failingAtEnd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
  throw new StorageError("SourceError", CUT, { operation: "put", provider: "faulty" });
}

function failure(
  { name }: State,
  { operation, key }: Call,
  code: StorageErrorCode,
  reason: string,
  applied: Applied,
): StorageError {
  return new StorageError(code, reason, { operation, provider: name, key, applied });
}
