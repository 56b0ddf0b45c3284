import type { Description } from "../contract/provider.js";

/** Tells whether a provider already has retries: a retry layer, or a composer with such a layer around each member. */
export function hasPolicies(description: Description): boolean {
  if (description.type === "retry" || description.kind === "composer") return true;
  return description.members?.some(hasPolicies) ?? false;
}

/**
 * Tells whether a provider has time limits somewhere inside. Time limits also abort running calls when the provider is closed.
 */
export function hasLimits(description: Description): boolean {
  return description.type === "timeout" || (description.members?.some(hasLimits) ?? false);
}

/** Tells whether a provider chooses among members, under any number of wrappers. */
export function isComposer({ kind, members }: Description): boolean {
  return kind === "composer" || (kind === "wrapper" && members?.some(isComposer) === true);
}
