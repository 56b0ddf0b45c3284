/**
 * Wraps a caller's function so that its failure changes nothing: a listener is told about an event, and must not change it.
 * Errors that the function throws are dropped, and a promise that it returns is not waited for.
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
