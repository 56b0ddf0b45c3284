import { KEY_BYTES_MAX, type Description, type StorageProvider } from "@stowage/core";
import { describeProvider } from "@stowage/core/provider";
import type { Feature, Need, Rule } from "./rule.js";

/**
 * Returns the reason why a rule does not apply to a provider, or `undefined` if the rule applies.
 *
 * Only the declarations of the provider count: its flags, its members and its limits.
 */
export function skipReason(rule: Rule, provider: StorageProvider): string | undefined {
  const unmet = rule.needs?.find((need) => !isMet(need, provider));
  if (unmet !== undefined) return `needs ${unmet}`;
  const { objectBytesMax } = provider.supports;
  if ((rule.largest ?? 0) <= objectBytesMax) return undefined;
  return `needs objects of ${rule.largest} bytes`;
}

function isMet(need: Need, provider: StorageProvider): boolean {
  if (need.startsWith("!")) return !has(need.slice(1) as Feature, provider);
  return has(need as Feature, provider);
}

function has(feature: Feature, provider: StorageProvider): boolean {
  const { supports } = provider;
  if (feature === "leaf") return isLeaf(describeProvider(provider));
  if (feature === "objectLimit") return Number.isFinite(supports.objectBytesMax);
  if (feature === "keyLimit") return supports.keyBytesMax < KEY_BYTES_MAX;
  if (feature in supports) return supports[feature as keyof typeof supports] === true;
  return provider[feature as keyof StorageProvider] !== undefined;
}

function isLeaf({ kind, members }: Description): boolean {
  return kind !== "composer" && (members ?? []).every(isLeaf);
}
