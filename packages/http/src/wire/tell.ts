/** Calls a listener, and drops what it throws: its own fault must not become that of a request. */
export function tell(listener: ((error: unknown) => void) | undefined, error: unknown): void {
  try {
    listener?.(error);
  } catch {
    // Nobody is left to be told.
  }
}
