/** Calls a listener, and drops every error that the listener throws or rejects with. */
export function tell(listener: ((error: unknown) => unknown) | undefined, error: unknown): void {
  try {
    const told = listener?.(error);
    if (told instanceof Promise) told.catch(() => {});
  } catch {
    // There is no listener left for this error.
  }
}
