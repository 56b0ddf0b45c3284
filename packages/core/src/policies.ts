import type { Description } from "./provider.js";

/** Whether a retry layer, or a composer with one around each member, is in there already. */
export function hasPolicies(description: Description): boolean {
  if (description.type === "retry" || description.kind === "composer") return true;
  return description.members?.some(hasPolicies) ?? false;
}
