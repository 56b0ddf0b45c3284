import type { StorageProvider } from "@stowage/core";
import type { StorageBreak } from "./context.js";

/** A function that makes a broken provider from a working provider. */
export type Break = (provider: StorageProvider) => StorageProvider;

/**
 * A provider or a facade that breaks one rule of the contract on purpose. This rule must fail for the mutant. If a
 * rule fails for no mutant, the rule might check nothing.
 */
export interface Mutant {
  /** The fault of the mutant. Unique. */
  readonly name: string;
  /** The title of the rule that catches the mutant. */
  readonly rule: string;
  /**
   * Makes the working provider from the memory provider. `breaks` then gets the working provider. The rule must apply to the
   * working provider. Default: the memory provider, unchanged.
   */
  readonly base?: Break | undefined;
  readonly breaks?: Break | undefined;
  readonly breakStorage?: StorageBreak | undefined;
}

export function mutant(rule: string, name: string, breaks: Break, base?: Break): Mutant {
  return { rule, name, breaks, base };
}

/** Makes a mutant that breaks the facade instead of the provider. */
export function storageMutant(rule: string, name: string, breakStorage: StorageBreak, base?: Break): Mutant {
  return { rule, name, breakStorage, base };
}
