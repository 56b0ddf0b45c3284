import type { ComposedProvider } from "../contract/composed-provider.js";
import { StorageError } from "../contract/errors.js";
import type { StorageProvider } from "../contract/provider.js";
import { nonEmptyText } from "../kit/options.js";
import { intercept, type Around } from "./intercept.js";

/**
 * Switches a provider off for a while. Each call rejects with `Unavailable` at once, and the provider is never asked. A composer
 * treats the provider as a member that is down: it notes the objects that the member should get, and `health()` tells the reason.
 *
 * @param reason - The reason for people, as the end of "the provider is switched off: ".
 * @throws TypeError for a reason that is empty.
 * @example
 * ```ts
 * const storage = createStorage(mirror([memory({ name: "disk" }), off(memory({ name: "cloud" }), "it moves on Friday")]));
 * storage.describe();
 * ```
 */
export function off(inner: StorageProvider, reason: string): StorageProvider {
  nonEmptyText("off", "reason", reason, "a text that says why");
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
  // Both would ask the members of an inner composer, although it is switched off.
  const quiet = { ...made, health: undefined } satisfies ComposedProvider;
  if (upkeep?.verify === undefined) return quiet;
  return { ...quiet, upkeep: { ...upkeep, verify: undefined } } satisfies ComposedProvider as StorageProvider;
}
