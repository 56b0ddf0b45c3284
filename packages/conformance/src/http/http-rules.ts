import type { HttpRule } from "./http-rule.js";
import { ifRangeRules } from "./rules/if-range.js";
import { httpPreconditionRules } from "./rules/preconditions.js";
import { httpRangeRules } from "./rules/ranges.js";
import { safetyRules } from "./rules/safety.js";
import { wholeRules } from "./rules/whole.js";

/** All rules for file servers, in the order in which they run. */
export const HTTP_RULES: readonly HttpRule[] = [
  ...wholeRules,
  ...httpRangeRules,
  ...httpPreconditionRules,
  ...ifRangeRules,
  ...safetyRules,
];
