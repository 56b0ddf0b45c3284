/** Calls a listener, and ignores every error from the listener. */
export function tell(listener: ((error: unknown) => unknown) | undefined, error: unknown): void {
  try {
    const told = listener?.(error);
    if (told instanceof Promise) told.catch(() => {});
  } catch {
    // There is no other listener that could receive this error.
  }
}
