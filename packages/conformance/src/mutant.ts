import type { StorageProvider } from "@stowage/core";
import type { StorageBreak } from "./context.js";

/** A way to break a provider. */
export type Break = (provider: StorageProvider) => StorageProvider;

/**
 * A provider or a facade that breaks one sentence of the contract. The rule for that sentence must fail for the mutant.
 * A rule that fails for no mutant might check nothing.
 */
export interface Mutant {
  /** The fault of the mutant. Unique. */
  readonly name: string;
  /** The title of the rule that catches the mutant. */
  readonly rule: string;
  /**
   * Makes the working provider that is then broken. The rule must apply to this provider. Default: the memory provider,
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
