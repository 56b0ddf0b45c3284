import { clock } from "../kit/clock.js";
import { randomUUID } from "node:crypto";
import { delay, TIMER_MS_MAX } from "../kit/abort.js";
import { isStorageError, withErrorFacts, type Attempt, type StorageError } from "../contract/errors.js";
import {
  begin,
  intercept,
  type Call,
  type CallChanges,
  type CopyCall,
  type PutCall,
  type Next,
} from "./intercept.js";
import type { Tries } from "../contract/call-options.js";
import type { Body, StorageProvider } from "../contract/provider.js";
import { tellingTries } from "./tell-tries.js";
import { checkRetry, type RetryLimits, type RetryOptions } from "./retry-options.js";
import type { ObjectInfo } from "../contract/object.js";

const RETRY_COST = 14;
const RATE_LIMITED_COST = 5;

interface Policy extends RetryLimits {
  readonly inner: StorageProvider;
  /** The retry limits for providers that themselves retry the single requests of a call. */
  readonly tries: Tries;
  tokens: number;
  /** The serial number of the newest running write, for each key. */
  readonly writes: Map<string, number>;
  count: number;
}

const WRITES: ReadonlySet<string> = new Set(["put", "delete", "copy", "importFrom"]);

/** The verbs for which a provider may send several requests. */
const TRIES_PARTS: ReadonlySet<string> = new Set(["put", "copy", "move"]);

/**
 * Tries a call again if its failure is `retryable`, after a pause with jitter. If the provider asks for a waiting time, the pause
 * is added to that time.
 *
 * A write is tried again only if no newer write of the same key has begun. A put is tried again only if its body can be read
 * again or has not been opened. A create-only or conditional put recognises its own first try by the write id. An abort rejects
 * immediately, without another call. After the last try, the error has `retryable: false` and `attempts`, so that no outer layer
 * tries again.
 *
 * @throws TypeError if an option is not a number in its range.
 */
export function retry(inner: StorageProvider, options: RetryOptions = {}): StorageProvider {
  const limits = checkRetry(options);
  const { budget, ...tries } = limits;
  const policy: Policy = { inner, ...limits, tries, tokens: budget, writes: new Map(), count: 0 };
  const told = <T>(call: Call, next: Next<T>): Next<T> => tellingTries(inner.name, call, next);
  const write = <T>(call: PutCall | CopyCall, next: Next<T>, recover: Recover<T>): Promise<T> =>
    withRetries(policy, call, told(call, next), recover);
  return intercept(inner, {
    type: "retry",
    around: (call, next) =>
      isWrite(call)
        ? withRetries(policy, call, told(call, next))
        : readWithRetries(policy, call, told(call, next)),
    aroundPut: (call, next) => write(call, next, (run, error) => findOwnWrite(policy, run, call, error)),
    aroundCopy: (call, next) => write(call, next, (run, error) => findOwnWrite(policy, run, call, error)),
    promises: [`a call that fails for a temporary reason is tried up to ${policy.attempts} times`],
  });
}

/** One call with its tries. */
interface Run {
  readonly call: Call;
  readonly changes: CallChanges;
  readonly attempts: Attempt[];
  readonly reusable: () => boolean;
  /** The keys that the call writes. */
  readonly keys: readonly string[];
  readonly write: number;
  startedAt: number;
  unknown: boolean;
  /** The number of tokens that the retries of this call have taken. */
  spent: number;
}

/**
 * A function that checks whether a try failed only because an earlier try of the same call took effect. If not, the function
 * rejects with `error`.
 */
type Recover<T> = (run: Run, error: unknown) => Promise<T>;

async function withRetries<T>(
  policy: Policy,
  call: Call,
  next: Next<T>,
  recover: Recover<T> = rethrow,
): Promise<T> {
  const run = startRun(policy, call);
  try {
    const result = await next(run.changes);
    if (policy.tokens < policy.budget) refund(policy, 0);
    return result;
  } catch (error) {
    if (!isStorageError(error) || !error.retryable) throw error;
    return await tryAgain(policy, run, error, next, recover);
  } finally {
    endRun(policy, run);
  }
}

function rethrow(_run: Run, error: unknown): Promise<never> {
  return Promise.reject(error);
}

/** Runs a read with retries. A read that succeeds on the first try stores no state, which saves time. */
function readWithRetries<T>(policy: Policy, call: Call, next: Next<T>): Promise<T> {
  const startedAt = clock.now();
  const asked = policy.tokens < policy.budget ? refunding(policy, next) : begin(next);
  return asked.catch((error: unknown) => {
    if (!isStorageError(error) || !error.retryable) throw error;
    return tryAgain(policy, { ...startRun(policy, call), startedAt }, error, next, rethrow);
  });
}

async function refunding<T>(policy: Policy, next: Next<T>): Promise<T> {
  const result = await next();
  refund(policy, 0);
  return result;
}

function startRun(policy: Policy, call: Call): Run {
  const keys = keysWritten(call);
  const write = ++policy.count;
  for (const key of keys) policy.writes.set(key, write);
  const { body, reusable } = watchedBody(call.body);
  const tries = TRIES_PARTS.has(call.operation) ? policy.tries : undefined;
  const changes = { body, writeId: writeIdFor(policy, call), tries };
  return {
    call,
    changes,
    attempts: [],
    reusable,
    keys,
    write,
    startedAt: clock.now(),
    unknown: false,
    spent: 0,
  };
}

function isWrite({ operation, key, keys }: Call): boolean {
  return keys !== undefined || (key !== undefined && WRITES.has(operation));
}

function keysWritten({ operation, key, keys }: Call): readonly string[] {
  if (keys !== undefined) return keys;
  return key !== undefined && WRITES.has(operation) ? [key] : [];
}

function isNewest(policy: Policy, { keys, write }: Run): boolean {
  return keys.every((key) => policy.writes.get(key) === write);
}

function endRun(policy: Policy, { keys, write }: Run): void {
  for (const key of keys) {
    if (policy.writes.get(key) === write) policy.writes.delete(key);
  }
}

/**
 * Returns a new write id for a put with a condition, so that a second try can recognise the first. Returns `undefined` if no new
 * id is needed, or if the provider cannot store a write id.
 */
function writeIdFor({ inner }: Policy, call: Call): string | undefined {
  if (call.operation !== "put" || !inner.supports.metadata) return undefined;
  const { writeId, ifMatch, ifNoneMatch } = call.options;
  if (writeId !== undefined || (ifMatch === undefined && ifNoneMatch === undefined)) return undefined;
  return randomUUID();
}

function watchedBody(body: Body | undefined): { body: Body | undefined; reusable: () => boolean } {
  if (body === undefined || body.replayable)
    return { body: undefined, reusable: () => body?.replayable ?? true };
  let opened = false;
  const open: Body["open"] = (range) => {
    opened = true;
    return body.open(range);
  };
  return { body: { ...body, open }, reusable: () => !opened };
}

/**
 * Continues after the first try has failed. p-retry counts the tries. This package makes the pauses itself, because the pauses of
 * p-retry need the global timers.
 */
async function tryAgain<T>(
  policy: Policy,
  run: Run,
  first: StorageError,
  next: Next<T>,
  recover: Recover<T>,
): Promise<T> {
  const { signal } = run.call.options;
  const attempt = async (number: number): Promise<T> => {
    if (number === 1) throw first;
    spend(policy, run);
    run.startedAt = clock.now();
    return await begin(next, run.changes).catch((error: unknown) => recover(run, error));
  };
  // The package is loaded only when it is first needed. A call that succeeds on the first try does not need it.
  const { default: pRetry } = await import("p-retry");
  try {
    const result = await pRetry(attempt, {
      retries: policy.attempts - 1,
      minTimeout: 0,
      shouldRetry: ({ error }) => mayRetry(policy, run, error),
      onFailedAttempt: (failed) => noteFailure(policy, run, failed),
    });
    refund(policy, run.spent);
    return result;
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw givenUp(run, error);
  }
}

/** A failed try as p-retry reports it. */
interface FailedTry {
  readonly error: Error;
  /** The number of the try, from 1. */
  readonly attemptNumber: number;
  readonly retriesLeft: number;
}

/**
 * Records and reports a failed try, and waits before the next try. The wait consists of the time that the provider asked for and
 * a pause with jitter.
 */
async function noteFailure(
  policy: Policy,
  run: Run,
  { error, attemptNumber, retriesLeft }: FailedTry,
): Promise<void> {
  if (!isStorageError(error)) return;
  if (error.applied === "unknown") run.unknown = true;
  const { provider = policy.inner.name } = error;
  run.attempts.push({ provider, error, milliseconds: clock.now() - run.startedAt });
  if (retriesLeft === 0 || !mayRetry(policy, run, error)) return;
  const { key, operation, options } = run.call;
  const pauseMsMax = longestPause(policy, error, attemptNumber);
  const { retryAfterMs = 0 } = error;
  options.onEvent?.({
    type: "retry",
    operation,
    key,
    provider,
    attempt: attemptNumber,
    delayMs: retryAfterMs + pauseMsMax,
    ...(policy.budget > 0 && { tokens: policy.tokens - costOf(error) }),
    error,
  });
  const waitMs = retryAfterMs + (pauseMsMax * (1 + Math.random())) / 2;
  if (waitMs > 0) await delay(Math.min(waitMs, TIMER_MS_MAX), options.signal);
}

function longestPause(policy: Policy, error: StorageError, attempt: number): number {
  return Math.min(policy.maxDelayMs, baseOf(policy, error) * 2 ** (attempt - 1));
}

function baseOf(policy: Policy, { code }: StorageError): number {
  return code === "RateLimited" ? policy.rateLimitedBaseMs : policy.baseMs;
}

function mayRetry(policy: Policy, run: Run, error: Error): boolean {
  const { call } = run;
  if (!isStorageError(error) || !error.retryable || !run.reusable()) return false;
  if ((error.retryAfterMs ?? 0) > policy.maxDelayMs) return false;
  if (policy.budget > 0 && policy.tokens < costOf(error)) return false;
  if (error.applied === "unknown" && !isRepeatable(policy, call)) return false;
  return isNewest(policy, run);
}

function costOf({ code }: StorageError): number {
  return code === "RateLimited" ? RATE_LIMITED_COST : RETRY_COST;
}

function spend(policy: Policy, run: Run): void {
  const last = run.attempts.at(-1);
  const cost = last === undefined ? RETRY_COST : costOf(last.error);
  policy.tokens -= cost;
  run.spent += cost;
}

/** Returns the tokens of a successful call to the budget, so that other calls can use them. */
function refund(policy: Policy, spent: number): void {
  policy.tokens = Math.min(policy.budget, policy.tokens + Math.max(1, spent));
}

/** Tells whether a call that may have taken effect can be repeated without harm. */
function isRepeatable({ inner }: Policy, call: Call): boolean {
  if (call.operation === "multipart" || call.operation === "importFrom") return false;
  // The second try would find no source.
  if (call.operation === "move") return false;
  if (call.operation === "copy") return call.options.ifNoneMatch === undefined;
  if (call.operation !== "put") return true;
  const { ifMatch, ifNoneMatch } = call.options;
  return (ifMatch === undefined && ifNoneMatch === undefined) || inner.supports.metadata;
}

/**
 * Handles a later try whose condition does not hold. Checks whether an earlier try of the same call wrote the object, and in that
 * case returns the facts of the object.
 */
async function findOwnWrite(
  policy: Policy,
  run: Run,
  { key, options }: PutCall | CopyCall,
  error: unknown,
): Promise<ObjectInfo> {
  const lost = isStorageError(error, "AlreadyExists") || isStorageError(error, "PreconditionFailed");
  const writeId = run.changes.writeId ?? options.writeId;
  if (!lost || !run.unknown || writeId === undefined) throw error;
  const { signal, onEvent } = options;
  const info = await policy.inner.head(key, { signal, onEvent }).catch(() => undefined);
  if (info?.writeId === writeId) return info;
  if (info === undefined) throw withErrorFacts(error, { applied: "unknown" });
  run.unknown = false;
  throw error;
}

function givenUp(run: Run, error: unknown): unknown {
  if (!isStorageError(error)) return error;
  const applied = run.unknown && error.applied === "no" ? "unknown" : error.applied;
  const attempts = run.attempts.length > 1 ? run.attempts : error.attempts;
  return withErrorFacts(error, { retryable: false, applied, attempts });
}
