import { clock } from "../kit/clock.js";
import { TIMER_MS_MAX, linkedController } from "../kit/abort.js";
import {
  ERROR_CODES,
  StorageError,
  toStorageError,
  type Attempt,
  type Operation,
  type StorageErrorCode,
  isBodyFailure,
} from "../contract/errors.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import { REPLAYABLE_OPTIONS, type ReplayableOptions } from "../body/replayable.js";
import type { CallOptions, WriteOptions } from "../contract/call-options.js";
import type { Caller } from "../contract/caller.js";
import type { MemoryBudget } from "../kit/memory-budget.js";
import { anArray, knownNames, nonEmptyText, oneOf, wholeNumber } from "../kit/options.js";

/** The error codes that send a call to the next member of a chain only if `fallbackOn` names them. */
export type FallbackOnCode = "Misconfigured" | "Unauthenticated" | "PermissionDenied";

/** The settings and members that every composer has. */
export interface Group {
  readonly name: string;
  readonly members: readonly [ComposedProvider, ...ComposedProvider[]];
  readonly fallbackOn: readonly FallbackOnCode[];
  readonly spool: ReplayableOptions;
  readonly askMs: number;
  /** The memory for streams and files. All puts of the composer share this memory. */
  readonly memory: MemoryBudget;
  /** Called when a member that was left out is used again. */
  readonly backListeners: Set<() => void>;
}

const OPTIONAL_CODES: readonly FallbackOnCode[] = ["Misconfigured", "Unauthenticated", "PermissionDenied"];

export function assertFallbackOn(codes: readonly FallbackOnCode[]): readonly FallbackOnCode[] {
  anArray("fallback", "fallbackOn", codes, "codes of errors");
  return codes.map((code) => oneOf("fallback", "each code of fallbackOn", code, OPTIONAL_CODES));
}

/**
 * Tells whether a failure of one member sends the call to the next member. The last column of the table of codes lists
 * these failures.
 */
export function movesOn(chain: Group, error: StorageError): boolean {
  if (isBodyFailure(error)) return false;
  const rule = ERROR_CODES[error.code].movesOn;
  return (
    rule === "yes" ||
    (rule === "option" && (chain.fallbackOn as readonly StorageErrorCode[]).includes(error.code))
  );
}

/** Returns a member's failure as an attempt. If the member is a composer, the attempt names the inner member that failed. */
export function attemptOf(member: ComposedProvider, error: StorageError, milliseconds: number): Attempt {
  return { provider: error.provider ?? member.name, error, milliseconds };
}

export function namesOf(members: readonly ComposedProvider[]): readonly string[] {
  return members.map(({ name }) => name);
}

/** Tells whether a member answered that it does not hold the key or cannot hold the key. */
export function saysAbsent(error: StorageError): boolean {
  return error.code === "NotFound" || error.code === "Unsupported";
}

/** Tells whether a member can never store this object. */
export function cannotHold(error: StorageError): boolean {
  const { code } = error;
  return code === "Unsupported" || (code === "TooLarge" && !isBodyFailure(error));
}

/** Returns a member's error as a `StorageError`. If the caller has aborted, throws the reason of the abort unchanged. */
export function memberError(
  error: unknown,
  member: ComposedProvider,
  operation: Operation,
  key: string,
  options: CallOptions,
): StorageError {
  if (options.signal?.aborted === true) throw options.signal.reason;
  return toStorageError(error, { operation, provider: member.name, key });
}

/**
 * The extra time that `ask` waits after `askMs`, in milliseconds. The wrapper of a member ends the call after `askMs`.
 * The extra time makes sure that the wrapper ends the call first. A member that is a composer has no such wrapper, so
 * `ask` itself ends the call.
 */
const ASK_SLACK_MS = 500;

/** Asks a member a question, with a time limit. A member that hangs counts as a member that does not answer. */
export async function ask<T>(
  chain: Group,
  member: ComposedProvider,
  key: string | undefined,
  options: Caller,
  question: (options: Caller) => Promise<T>,
  operation: Operation = "head",
): Promise<T> {
  const { controller, unlink } = linkedController(options.signal);
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(
      () => {
        const error = new StorageError("Timeout", `no answer came within ${chain.askMs} ms`, {
          operation,
          provider: member.name,
          key,
        });
        reject(error);
        controller.abort(error);
      },
      Math.min(chain.askMs + ASK_SLACK_MS, TIMER_MS_MAX),
    );
  });
  try {
    return await Promise.race([question({ ...options, signal: controller.signal }), deadline]);
  } finally {
    clock.clearTimeout(timer);
    unlink();
  }
}

/**
 * Deletes an object from a member, with a short time limit. If the member supports conditional deletes, the ETag is the condition. For
 * other members, the caller must make sure that no other call writes the key.
 */
export async function deleteFrom(
  chain: Group,
  member: ComposedProvider,
  key: string,
  etag: string | undefined,
  { signal, onEvent, beforeCommit }: Caller & Pick<WriteOptions, "beforeCommit">,
): Promise<void> {
  const ifMatch = member.supports.conditionalDelete ? etag : undefined;
  const remove = (call: CallOptions): Promise<void> => member.delete(key, { ...call, ifMatch, beforeCommit });
  await ask(chain, member, key, { signal, onEvent }, remove, "delete");
}

/** Returns the reason of each failed attempt, with the name of the member. */
export function reasonsOf(attempts: readonly Attempt[]): string {
  return attempts.map(({ provider, error }) => `${provider}: ${error.reason}`).join("; ");
}

/** Returns the error of a call when no member is left to try. */
export function exhausted(
  operation: Operation,
  key: string,
  attempts: readonly Attempt[],
  chain: Group,
): StorageError {
  const codes = new Set(attempts.map(({ error }) => error.code));
  const last = attempts.at(-1)?.error;
  const passing = attempts.find(({ error }) => PASSING.has(error.code));
  const code =
    codes.size === 1 && last !== undefined ? last.code : ((passing && "Unavailable") ?? last?.code);
  const unknown = attempts.some(({ error }) => error.applied === "unknown");
  const reason = `too few members stored the object (${reasonsOf(attempts)})`;
  return new StorageError(code ?? "Unavailable", reason, {
    operation,
    provider: chain.name,
    key,
    retryable: false,
    applied: unknown ? "unknown" : "no",
    attempts,
    cause: new AggregateError(attempts.map(({ error }) => error)),
  });
}

const PASSING: ReadonlySet<StorageErrorCode> = new Set(["Unavailable", "Timeout", "RateLimited", "Unknown"]);

/** Returns the error for a condition that cannot be evaluated, because a member that may hold the object does not answer. */
export function mayHold(cause: StorageError, operation: Operation, key: string): StorageError {
  const { provider } = cause;
  const reason = `${JSON.stringify(provider)} may hold the object and does not answer`;
  return new StorageError("Unavailable", reason, { operation, provider, key, retryable: false, cause });
}

/** Reports that this call has given up on a member. */
export function reportFallback(
  chain: Group,
  operation: Operation,
  key: string,
  from: ComposedProvider,
  error: StorageError,
  options: CallOptions,
): void {
  const to = chain.members[chain.members.indexOf(from) + 1]?.name;
  options.onEvent?.({ type: "fallback", operation, key, from: from.name, to, error });
}

/** Checks the options of the spool, which keeps one-shot bodies, and returns them. */
export function assertSpool(type: string, spool: ReplayableOptions = {}): ReplayableOptions {
  knownNames(`${type}: spool`, spool, REPLAYABLE_OPTIONS);
  const { memoryBytes = 0, maxBytes = 0, directory } = spool;
  for (const [name, bytes] of Object.entries({ memoryBytes, maxBytes })) {
    if (bytes !== Number.POSITIVE_INFINITY) wholeNumber(type, `spool.${name}`, bytes);
  }
  if (directory !== undefined) nonEmptyText(type, "spool.directory", directory, "the path of a folder");
  return spool;
}
