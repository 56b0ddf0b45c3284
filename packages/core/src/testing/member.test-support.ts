import {
  StorageError,
  isStorageError,
  withErrorFacts,
  type StorageErrorCode,
  type StorageErrorOptions,
} from "../contract/errors.js";
import { intercept, type Around, type Call } from "../wrap/intercept.js";
import type { WriteOptions } from "../contract/call-options.js";
import { memory } from "../memory/memory.js";
import type { StorageProvider } from "../contract/provider.js";
import type { Supports } from "../contract/supports.js";

/** A provider that a test can take down, slow down and watch. */
export interface TestMember {
  readonly provider: StorageProvider;
  /** The objects themselves, past every fault. */
  readonly store: StorageProvider;
  /** What reached it, in order: `"put a"`. */
  readonly calls: string[];
  /** What happens around each call from now on. */
  fault: Around | undefined;
}

export interface TestMemberOptions {
  readonly fault?: Around;
  readonly supports?: Partial<Supports> | undefined;
  /** Members that it shall not have. */
  readonly without?: readonly ("copy" | "move" | "deleteMany")[];
}

/** Makes a memory provider with a switch in front of it. */
export function testMember(name: string, options: TestMemberOptions = {}): TestMember {
  const store = memory({ name });
  const calls: string[] = [];
  const around: Around = (call, next) => {
    calls.push(call.key === undefined ? call.operation : `${call.operation} ${call.key}`);
    if (member.fault === undefined) return next();
    return member.fault(call, next).catch((error: unknown) => {
      const { signal, beforeCommit } = call.options as WriteOptions;
      if (isStorageError(error) && error.applied === "unknown" && signal?.aborted !== true) beforeCommit?.();
      return named(name)(error);
    });
  };
  const provider: StorageProvider = {
    ...intercept(store, { type: "test", around }),
    supports: { ...store.supports, ...options.supports },
    ...Object.fromEntries((options.without ?? []).map((verb) => [verb, undefined])),
  };
  const member: TestMember = { provider, store, calls, fault: options.fault };
  return member;
}

type Facts = Partial<Omit<StorageErrorOptions, "operation" | "key">>;

/** Fails every call, or those of some verbs, with a code. */
export function failing(code: StorageErrorCode, facts: Facts = {}, ...operations: readonly string[]): Around {
  return async (call, next) => {
    if (operations.length > 0 && !operations.includes(call.operation)) return await next();
    throw failureOf(call, code, facts);
  };
}

/** Fails the first `count` calls, or those of some verbs, and then lets them through. */
export function failingAtFirst(count: number, fault: Around, ...operations: readonly string[]): Around {
  let left = count;
  return (call, next) => {
    const meant = operations.length === 0 || operations.includes(call.operation);
    return meant && left-- > 0 ? fault(call, next) : next();
  };
}

/** The provider is down. */
export const down: Around = failing("Unavailable");

/** The effect takes place, the answer is lost. */
export function losingAnswers(...operations: readonly string[]): Around {
  return async (call, next) => {
    const result = await next();
    if (operations.length > 0 && !operations.includes(call.operation)) return result;
    throw failureOf(call, "Unavailable", { applied: "unknown" });
  };
}

/** Reads `bytes` of the body of a put, then the connection breaks. */
export function breakingAfter(bytes: number, facts: Facts = { applied: "no" }): Around {
  return async (call, next) => {
    if (call.operation !== "put") return await next();
    const stream = call.body?.open();
    let seen = 0;
    for await (const chunk of (stream ?? []) as AsyncIterable<Uint8Array>) {
      seen += chunk.byteLength;
      if (seen >= bytes) break;
    }
    throw failureOf(call, "Unavailable", facts);
  };
}

/** Takes the request, never answers, and heeds no signal, to some verbs or all. */
export function hanging(...operations: readonly string[]): Around {
  return (call, next) => {
    if (operations.length > 0 && !operations.includes(call.operation)) return next();
    (call.options as WriteOptions).beforeCommit?.();
    return new Promise<never>(() => {});
  };
}

/** Takes the request and never answers, but rejects with the reason when it is aborted. */
export function waiting(...operations: readonly string[]): Around {
  return (call, next) => {
    if (operations.length > 0 && !operations.includes(call.operation)) return next();
    const { signal, beforeCommit } = call.options as WriteOptions;
    beforeCommit?.();
    return new Promise<never>((_, reject) => {
      const leave = (): void => reject(signal?.reason);
      if (signal?.aborted === true) leave();
      signal?.addEventListener("abort", leave, { once: true });
    });
  };
}

/** Faults one after the other: each lets through what it does not mean. */
export function faults(...list: readonly Around[]): Around {
  return (call, next) =>
    list.reduceRight<() => ReturnType<typeof next>>(
      (rest, fault) => () => fault(call, () => rest()),
      () => next(),
    )();
}

/** Errors of faults carry the name of the member that they happen to. */
function named(name: string): (error: unknown) => never {
  return (error) => {
    const own = isStorageError(error) && error.provider === NOBODY;
    throw own ? withErrorFacts(error, { provider: name }) : error;
  };
}

const NOBODY = "nobody";

function failureOf({ operation, key }: Call, code: StorageErrorCode, facts: Facts): StorageError {
  return new StorageError(code, "made to fail", { provider: NOBODY, ...facts, operation, key });
}
