import assert from "node:assert/strict";
import { RULES, runRules } from "@stowage/conformance";
import { memory } from "@stowage/core";

async function runSuite(): Promise<void> {
  const { outcomes, passed, skipped } = await runRules(() => ({ provider: memory() }));
  const failed = outcomes.filter(({ status }) => status === "failed");
  assert.deepEqual(failed, []);
  assert.equal(passed + skipped, RULES.length);
  console.log("used");
}

void runSuite();
