import { clock } from "../kit/clock.js";
import type { Body } from "../contract/provider.js";
import { isStorageError } from "../contract/errors.js";
import { begin, type Call, type Next } from "./intercept.js";

/**
 * Returns a `next` that reports each try to the listener of the call. Without a listener, returns `next` itself. The
 * report contains the provider, the duration and the number of transferred bytes.
 */
export function tellingTries<T>(provider: string, call: Call, next: Next<T>): Next<T> {
  const { onEvent } = call.options;
  if (onEvent === undefined) return next;
  return (changes) => {
    const startedAt = clock.now();
    const tell = (outcome: { readonly error?: unknown; readonly size?: number }): void =>
      onEvent({
        type: "attempt",
        operation: call.operation,
        provider,
        key: call.key,
        milliseconds: clock.now() - startedAt,
        ...outcome,
      });
    return begin(next, changes).then(
      (result) => {
        tell(sizeOf(call, result));
        return result;
      },
      (error: unknown) => {
        // An abort is not a failure of the provider.
        if (isStorageError(error)) tell({ error });
        throw error;
      },
    );
  };
}

/** Returns the number of bytes that a put has sent. */
function sizeOf({ operation, body }: Call, result: unknown): { readonly size?: number } {
  if (operation !== "put") return {};
  const size = (body as Body | undefined)?.size ?? (Object(result) as { readonly size?: unknown }).size;
  return typeof size === "number" ? { size } : {};
}
