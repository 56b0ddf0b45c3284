import assert from "node:assert/strict";
import { headersOf } from "@stowage/core/provider";
import { isStorageError, type ObjectInfo, type StorageError, type StorageErrorCode } from "@stowage/core";

/** Checks that a call rejects with a `StorageError` of this code. Returns the error. */
export async function rejects(code: StorageErrorCode, call: Promise<unknown>): Promise<StorageError> {
  const error = await rejection(call);
  if (isStorageError(error, code)) return error;
  const found = isStorageError(error) ? error.code : String(error);
  throw new assert.AssertionError({ message: `rejected with ${found}, not with ${code}`, actual: error });
}

/** Throws unless the call rejects with exactly this value. The values are compared by identity. */
export async function rejectsWith(reason: unknown, call: Promise<unknown>): Promise<void> {
  const error = await rejection(call);
  assert.ok(
    Object.is(error, reason),
    `rejected with ${String(error)}, but must reject with the very same value: ${String(reason)}`,
  );
}

/** Throws unless the call rejects with a `TypeError`. */
export async function rejectsType(call: Promise<unknown>): Promise<void> {
  const error = await rejection(call);
  assert.ok(error instanceof TypeError, `rejected with ${String(error)}, not with a TypeError`);
}

async function rejection(call: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await call;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: "resolved, but must reject", actual: value });
}

/** Throws unless the bytes are the same. The error names the first byte that differs, and does not print the bytes. */
export function sameBytes(actual: Uint8Array, expected: string | Uint8Array): void {
  const wanted = typeof expected === "string" ? Buffer.from(expected) : expected;
  if (Buffer.compare(actual, wanted) === 0) return;
  const at = actual.findIndex((byte, index) => byte !== wanted[index]);
  const where = at === -1 ? "the bytes end too early" : `the first wrong byte is byte ${at}`;
  assert.fail(`${where} (found ${actual.byteLength} bytes, expected ${wanted.byteLength} bytes)`);
}

/** Returns the facts that must be the same in the results of all verbs. */
export function factsOf(info: ObjectInfo): Partial<ObjectInfo> {
  const { key, size, etag, provider, ref, writeId } = info;
  const metadata = Object.keys(info.metadata ?? {}).length === 0 ? undefined : { ...info.metadata };
  return { key, size, etag, ...headersOf(info), metadata, provider, ref, writeId };
}

/** Waits until all calls have settled, and returns the number of calls that resolved. */
export async function countResolved(calls: readonly Promise<unknown>[]): Promise<number> {
  const results = await Promise.allSettled(calls);
  return results.filter(({ status }) => status === "fulfilled").length;
}

/** Marks a promise as handled, because it is awaited only later. Returns the same promise. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
