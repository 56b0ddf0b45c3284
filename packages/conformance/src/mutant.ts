import type { StorageProvider } from "@stowage/core";
import type { StorageBreak } from "./context.js";

/** A way to break a provider. */
export type Break = (provider: StorageProvider) => StorageProvider;

/**
 * A provider, or a facade, that breaks one sentence of the contract: it must fail the rule of that title. A
 * rule that no mutant fails might check nothing.
 */
export interface Mutant {
  /** What is wrong with it. Unique. */
  readonly name: string;
  /** The title of the rule that catches it. */
  readonly rule: string;
  /** Makes a healthy provider that the rule applies to; default the memory provider as it is. */
  readonly base?: Break | undefined;
  readonly breaks?: Break | undefined;
  readonly breakStorage?: StorageBreak | undefined;
}

export function mutant(rule: string, name: string, breaks: Break, base?: Break): Mutant {
  return { rule, name, breaks, base };
}

/** A mutant of the facade. */
export function storageMutant(rule: string, name: string, breakStorage: StorageBreak, base?: Break): Mutant {
  return { rule, name, breakStorage, base };
}
