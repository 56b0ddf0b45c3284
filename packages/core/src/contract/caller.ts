import type { CallOptions } from "./call-options.js";

/**
 * The values that a question to a member takes over from the call that caused it. Both must be named, so that a forgotten one
 * does not compile.
 */
export interface Caller {
  readonly signal: CallOptions["signal"];
  readonly onEvent: CallOptions["onEvent"];
}

/** The values of a question that no caller waits for. */
export const NOBODY: Caller = { signal: undefined, onEvent: undefined };

/** Returns the values that questions to members take over from a call. */
export function callerOf({ signal, onEvent }: CallOptions): Caller {
  return { signal, onEvent };
}
