import type { CallOptions } from "./call-options.js";

/**
 * The values that a question to a member takes over from the call that it is asked for. Both must be named: to forget one does not
 * compile.
 */
export interface Caller {
  readonly signal: CallOptions["signal"];
  readonly onEvent: CallOptions["onEvent"];
}

/** The values of a question that nobody waits for. */
export const NOBODY: Caller = { signal: undefined, onEvent: undefined };

/** Returns what questions to members take over from a call. */
export function callerOf({ signal, onEvent }: CallOptions): Caller {
  return { signal, onEvent };
}
