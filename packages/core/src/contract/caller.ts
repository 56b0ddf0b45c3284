import type { CallOptions } from "./call-options.js";

/**
 * The values that a call passes on when it asks a member a question. Both fields are required, so that the compiler reports a
 * forgotten field.
 */
export interface Caller {
  readonly signal: CallOptions["signal"];
  readonly onEvent: CallOptions["onEvent"];
}

/** The values of a question that no caller waits for. */
export const NOBODY: Caller = { signal: undefined, onEvent: undefined };

/** Returns the values that questions to members take from a call. */
export function callerOf({ signal, onEvent }: CallOptions): Caller {
  return { signal, onEvent };
}
