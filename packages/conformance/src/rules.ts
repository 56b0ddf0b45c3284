import type { Rule } from "./rule.js";
import { abortRules } from "./rules/abort.js";
import { beforeCommitRules } from "./rules/before-commit.js";
import { bodyRules } from "./rules/bodies.js";
import { conditionRules } from "./rules/conditions.js";
import { copyRules } from "./rules/copy.js";
import { cursorRules } from "./rules/cursor.js";
import { declaredRules } from "./rules/declared.js";
import { delimiterRules } from "./rules/delimiter.js";
import { directoryRules } from "./rules/directory.js";
import { errorRules } from "./rules/errors.js";
import { everySourceRules } from "./rules/every-source.js";
import { facadeRules } from "./rules/facade.js";
import { factsRules } from "./rules/facts.js";
import { getRules } from "./rules/get.js";
import { deleteRules, headRules } from "./rules/head-delete.js";
import { headerRules } from "./rules/headers.js";
import { hostileKeyRules } from "./rules/hostile-keys.js";
import { idempotencyRules } from "./rules/idempotency.js";
import { keyRules } from "./rules/keys.js";
import { linkRules } from "./rules/links.js";
import { listRules } from "./rules/list.js";
import { manyRules } from "./rules/many.js";
import { metadataRules } from "./rules/metadata.js";
import { moveRules } from "./rules/move.js";
import { ownershipRules } from "./rules/ownership.js";
import { putRules } from "./rules/put.js";
import { rangeRules } from "./rules/range.js";
import { readConditionRules } from "./rules/read-conditions.js";
import { refRules } from "./rules/refs.js";
import { sizeRules } from "./rules/sizes.js";
import { sourceRules } from "./rules/sources.js";
import { sourceFailureRules } from "./rules/source-failures.js";
import { storedObjectRules } from "./rules/stored-object.js";

/** The rules about one verb, or about one part of the contract. */
export interface RuleGroup {
  /** The verb or the part, as the documentation shows it. */
  readonly title: string;
  readonly rules: readonly Rule[];
}

/** The contract, group by group. */
export const RULE_GROUPS: readonly RuleGroup[] = [
  group("put", putRules),
  group("every verb: ownership and facts", ownershipRules, factsRules),
  group("put: bodies", bodyRules, sourceRules, everySourceRules, sizeRules, sourceFailureRules),
  group("put: conditions", conditionRules),
  group("get", getRules, readConditionRules, rangeRules),
  group("head", headRules),
  group("delete", deleteRules),
  group("list", listRules.map(listing), delimiterRules.map(listing), cursorRules.map(listing)),
  group("every verb: keys", keyRules, hostileKeyRules),
  group("put: headers and metadata", headerRules, metadataRules),
  group("copy", copyRules),
  group("move", moveRules),
  group("writes: beforeCommit", beforeCommitRules),
  group("ref and locate", refRules),
  group("every verb: aborts", abortRules),
  group("every verb: errors", errorRules),
  group("the facade on your provider", storedObjectRules, facadeRules, manyRules, directoryRules),
  group("put: idempotency keys", idempotencyRules),
  group("what supports declares", declaredRules),
  group("links", linkRules),
];

/** The contract: every rule that a provider must keep. */
export const RULES: readonly Rule[] = RULE_GROUPS.flatMap(({ rules }) => rules);

function group(title: string, ...rules: readonly (readonly Rule[])[]): RuleGroup {
  return { title, rules: rules.flat() };
}

/** Returns the rule with one more need: the provider must be able to list. */
function listing(rule: Rule): Rule {
  return { ...rule, needs: ["list", ...(rule.needs ?? [])] };
}
