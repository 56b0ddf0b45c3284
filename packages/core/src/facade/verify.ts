import { verifyOne } from "../body/verify-one.js";
import { assertPrefix } from "../contract/key.js";
import type { VerifyFinding } from "../contract/upkeep.js";
import { safeListener } from "../kit/listener.js";
import { oneOf } from "../kit/options.js";
import { runCall, type Calls } from "./calls.js";
import { checkNames } from "./option-names.js";
import type { VerifyOptions, VerifyReport } from "./storage-options.js";

const FINDINGS_MAX = 1000;

/** Compares the objects under a prefix with the objects that should be stored. */
export async function verifyStorage(
  storage: Calls,
  prefix: string,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const { provider } = storage;
  checkNames("verify", options);
  assertPrefix(prefix, "verify", provider.name);
  const { deep = false, mend = true, onFinding, ...call } = options;
  oneOf("verify", "deep", deep, [true, false]);
  oneOf("verify", "mend", mend, [true, false]);
  const tell = safeListener(onFinding);
  const findings: VerifyFinding[] = [];
  const counts = { missing: 0, extra: 0, different: 0, unverifiable: 0 };
  const note = (finding: VerifyFinding): void => {
    counts[finding.kind]++;
    if (findings.length < FINDINGS_MAX) findings.push(finding);
    tell?.(finding);
  };
  const verified = await runCall(storage, "verify", prefix, call, (inner) =>
    verifyOne(provider, { ...inner, prefix, deep, mend, onFinding: note }),
  );
  return { ...verified, ...counts, findings };
}
