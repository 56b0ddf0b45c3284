/**
 * Wraps a caller's listener so that a failure of the listener cannot affect the call. Errors from the listener are ignored. If
 * the listener returns a promise, the promise is not awaited.
 */
export function safeListener<Told>(listener: (told: Told) => void): (told: Told) => void;
export function safeListener<Told>(
  listener: ((told: Told) => void) | undefined,
): ((told: Told) => void) | undefined;
export function safeListener<Told>(
  listener: ((told: Told) => void) | undefined,
): ((told: Told) => void) | undefined {
  if (listener === undefined) return undefined;
  return (told) => {
    try {
      const returned: unknown = listener(told);
      if (returned instanceof Promise) returned.catch(() => {});
    } catch {
      // The error is the listener's own problem.
    }
  };
}
