/**
 * Makes of a function of the caller one that changes nothing when it fails: telling somebody must not change what
 * happened. What it throws is dropped, and what it returns is not waited for.
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
      // The listener's own problem.
    }
  };
}
