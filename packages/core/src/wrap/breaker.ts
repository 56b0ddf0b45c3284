import type { StorageProvider } from "../contract/provider.js";
import { checkBreaker, type BreakerOptions } from "./breaker-options.js";
import { Circuits, kindOf, resultOf } from "./circuits.js";
import { intercept, type Around } from "./intercept.js";

/**
 * Makes calls fail at once while a provider is down, instead of waiting for it each time. Reads, writes and listings are counted
 * separately.
 *
 * The breaker opens after several failures in a row, when too large a share of the calls has failed, or after one call that ran
 * into its time limit. From time to time it sends a probe, which no caller waits for: a `head`, or the read or listing that took
 * too long. Only failures that show something about the provider's health count. A missing object, a condition that did not hold,
 * wrong credentials or an abort do not count.
 *
 * @throws TypeError when an option is not a number in its range.
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
  const promise = `after ${limits.consecutive} failures in a row calls fail at once until a probe is answered`;
  const wrapped = intercept(inner, { type: "breaker", around, promises: [promise] });
  return {
    ...wrapped,
    close: async () => {
      circuits.close();
      await inner.close?.();
    },
  };
}
