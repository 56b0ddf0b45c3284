import type { StorageProvider } from "../contract/provider.js";
import { checkBreaker, type BreakerOptions } from "./breaker-options.js";
import { Circuits, kindOf, resultOf } from "./circuits.js";
import { intercept, type Around } from "./intercept.js";

/**
 * Makes calls fail immediately while a provider is down, so that callers do not wait for the provider each time. Reads, writes
 * and listings are counted separately.
 *
 * Any of three things opens the breaker: several consecutive failures, too large a share of failed calls, or one call
 * that reaches its time limit. An open breaker regularly sends a probe, and no caller waits for this probe. The probe
 * is a `head`, or repeats the read or listing that took too long. Failures count only if they say something about the
 * provider's health. A missing object, a condition that did not hold, wrong credentials or an abort do not count.
 *
 * @throws TypeError if an option is not a number in its range.
 */
export function breaker(inner: StorageProvider, options: BreakerOptions = {}): StorageProvider {
  const limits = checkBreaker(options);
  const circuits = new Circuits({ inner, limits });
  const around: Around = async (call, next) => {
    const kind = kindOf(call);
    if (kind === undefined) return await next();
    circuits.enter(call, kind);
    try {
      const result = await next();
      circuits.note(call, kind, "works");
      return result;
    } catch (error) {
      const said = resultOf(error, call);
      if (said !== undefined) circuits.note(call, kind, said);
      throw error;
    }
  };
  const promise = `after ${limits.consecutive} failures in a row, calls fail immediately until a probe is answered`;
  const wrapped = intercept(inner, { type: "breaker", around, promises: [promise] });
  return {
    ...wrapped,
    close: async () => {
      circuits.close();
      await inner.close?.();
    },
  };
}
