import type { StorageProvider } from "@stowage/core";
import type { StorageBreak } from "./context.js";

/** A way to break a provider. */
export type Break = (provider: StorageProvider) => StorageProvider;

/**
 * A provider or a facade that breaks one sentence of the contract. The rule for this sentence must fail for the mutant. If a
 * rule fails for no mutant, the rule might check nothing.
 */
export interface Mutant {
  /** The fault of the mutant. Unique. */
  readonly name: string;
  /** The title of the rule that catches the mutant. */
  readonly rule: string;
  /**
   * Makes the working provider that the break changes. The rule must apply to this provider. Default: the memory provider,
   * unchanged.
   */
  readonly base?: Break | undefined;
  readonly breaks?: Break | undefined;
  readonly breakStorage?: StorageBreak | undefined;
}

export function mutant(rule: string, name: string, breaks: Break, base?: Break): Mutant {
  return { rule, name, breaks, base };
}

/** Makes a mutant of the facade. */
export function storageMutant(rule: string, name: string, breakStorage: StorageBreak, base?: Break): Mutant {
  return { rule, name, breakStorage, base };
}
