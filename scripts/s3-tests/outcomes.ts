import { isStorageError } from "@stowage/core";

/** The code that a call rejects with, or what else it came to. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => "done",
    (error: unknown) => (isStorageError(error) ? error.code : String(error)),
  );
}
