import type { Description } from "../contract/provider.js";

/** Whether a retry layer, or a composer with one around each member, is in there already. */
export function hasPolicies(description: Description): boolean {
  if (description.type === "retry" || description.kind === "composer") return true;
  return description.members?.some(hasPolicies) ?? false;
}

/** Whether there are time limits somewhere in it, which abort by themselves what runs when it is closed. */
export function hasLimits(description: Description): boolean {
  return description.type === "timeout" || (description.members?.some(hasLimits) ?? false);
}

/** Whether it chooses among members, under whatever wrappers. */
export function isComposer({ kind, members }: Description): boolean {
  return kind === "composer" || (kind === "wrapper" && members?.some(isComposer) === true);
}
