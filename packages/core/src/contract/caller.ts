import type { CallOptions } from "./call-options.js";

/**
 * The signal and the event listener that a call passes on to the members of a composer. Both fields are required, so
 * that the compiler reports a forgotten field.
 */
export interface Caller {
  readonly signal: CallOptions["signal"];
  readonly onEvent: CallOptions["onEvent"];
}

/** A caller without a signal and without a listener, for requests that no call waits for. */
export const NOBODY: Caller = { signal: undefined, onEvent: undefined };

/** Returns the signal and the event listener of a call. */
export function callerOf({ signal, onEvent }: CallOptions): Caller {
  return { signal, onEvent };
}
