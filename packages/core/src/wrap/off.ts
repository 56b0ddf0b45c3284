import type { ComposedProvider } from "../contract/composed-provider.js";
import { StorageError } from "../contract/errors.js";
import type { StorageProvider } from "../contract/provider.js";
import { nonEmptyText } from "../kit/options.js";
import { intercept, type Around } from "./intercept.js";

/**
 * Switches a provider off for a while: each call is `Unavailable` at once, and nothing is asked of the provider. A composer treats it
 * as a member that is down: what it should get is kept for it, and `health()` says why.
 *
 * @param reason - For people, as the end of "it is switched off: ".
 * @throws TypeError for a reason that is empty.
 * @example
 * ```ts
 * const storage = createStorage(mirror([memory({ name: "disk" }), off(memory({ name: "cloud" }), "it moves on Friday")]));
 * storage.describe();
 * ```
 */
export function off(inner: StorageProvider, reason: string): StorageProvider {
  nonEmptyText("off", "reason", reason, "a text for people");
  const around: Around = async ({ operation, key }) => {
    const text = `it is switched off: ${reason}`;
    throw new StorageError("Unavailable", text, {
      operation,
      provider: inner.name,
      key,
      retryable: false,
      applied: "no",
    });
  };
  const made = intercept(inner, { type: "off", around, limits: [`it is switched off: ${reason}`] });
  const { upkeep }: ComposedProvider = inner;
  // They would ask the members of a composer past this.
  const quiet = { ...made, health: undefined } satisfies ComposedProvider;
  if (upkeep?.verify === undefined) return quiet;
  return { ...quiet, upkeep: { ...upkeep, verify: undefined } } satisfies ComposedProvider as StorageProvider;
}
