import type { ComposedProvider } from "../contract/composed-provider.js";
import { StorageError } from "../contract/errors.js";
import type { StorageProvider } from "../contract/provider.js";
import { nonEmptyText } from "../kit/options.js";
import { intercept, type Around } from "./intercept.js";

/**
 * Switches a provider off for a while. Each call rejects immediately with `Unavailable`, and the provider is never called. A
 * composer treats the provider as a member that is down. The composer records the objects that the member lacks, and `health()`
 * returns the reason.
 *
 * @param reason - The reason for people, as the end of "the provider is switched off: ".
 * @throws TypeError for an empty reason.
 * @example
 * ```ts
 * const storage = createStorage(mirror([memory({ name: "disk" }), off(memory({ name: "cloud" }), "it moves on Friday")]));
 * storage.describe();
 * ```
 */
export function off(inner: StorageProvider, reason: string): StorageProvider {
  nonEmptyText("off", "reason", reason, "a text that says why the provider is off");
  const around: Around = async ({ operation, key }) => {
    const text = `the provider is switched off: ${reason}`;
    throw new StorageError("Unavailable", text, {
      operation,
      provider: inner.name,
      key,
      retryable: false,
      applied: "no",
    });
  };
  const made = intercept(inner, { type: "off", around, limits: [`the provider is switched off: ${reason}`] });
  const { upkeep }: ComposedProvider = inner;
  // `health` and `verify` would ask the members of an inner composer, although the composer is switched off.
  const quiet = { ...made, health: undefined } satisfies ComposedProvider;
  if (upkeep?.verify === undefined) return quiet;
  return { ...quiet, upkeep: { ...upkeep, verify: undefined } } satisfies ComposedProvider as StorageProvider;
}
