import { isStorageError } from "@stowage/core";
import assert from "node:assert/strict";

/** The code that a call rejects with, or what else it came to. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => "done",
    (error: unknown) => (isStorageError(error) ? error.code : String(error)),
  );
}

/** The end of a connection takes a turn of the system to be heard of. */
export async function until(isSo: () => boolean, complaint: () => string): Promise<void> {
  await untilAsync(async () => isSo(), complaint, 10_000);
}

/** What a server does by itself takes its time. */
export async function untilAsync(
  isSo: () => Promise<boolean>,
  complaint: () => string,
  milliseconds = 60_000,
): Promise<void> {
  const giveUpAt = performance.now() + milliseconds;
  while (!(await isSo())) {
    assert.ok(performance.now() < giveUpAt, complaint());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
