/** Calls a listener, and drops what it throws, also later: its own fault must not become that of a request. */
export function tell(listener: ((error: unknown) => unknown) | undefined, error: unknown): void {
  try {
    const told = listener?.(error);
    if (told instanceof Promise) told.catch(() => {});
  } catch {
    // Nobody is left to be told.
  }
}
