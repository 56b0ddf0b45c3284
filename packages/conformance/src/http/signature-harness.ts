import type { RunReport, Runner } from "../harness.js";
import { send } from "./http-client.js";
import { SIGNATURE_RULES } from "./rules/signatures.js";
import type { SignatureContext, SignatureRule, SignedSubject } from "./signature-rule.js";
import { registerSuite, runSuite, type Suite, type SuiteOptions } from "./suite.js";

/** A function that opens a server with signed links for the suite. It is called only once. */
export type OpenSigned = () => Promise<SignedSubject> | SignedSubject;

/** The options of {@link signatureConformance}. */
export interface SignatureConformanceOptions extends SuiteOptions<SignatureRule> {
  readonly open: OpenSigned;
}

const BYTES = Buffer.from("The quick brown fox jumps over the lazy dog, and then once more.");
const HEADERS = { contentType: "application/octet-stream", cacheControl: "public, max-age=31536000" };

/** Runs the rules for signed links on a server, and reports on every rule. */
export async function runSignatureRules(
  open: OpenSigned,
  options: SuiteOptions<SignatureRule> = {},
): Promise<RunReport> {
  return await runSuite(suiteOf("runSignatureRules", open), options);
}

/** Registers the rules for signed links with a test runner, as `httpConformance` does for file servers. */
export function signatureConformance(
  runner: Runner,
  name: string,
  options: SignatureConformanceOptions,
): void {
  const { open, ...run } = options;
  registerSuite(runner, name, suiteOf("signatureConformance", open), run);
}

function suiteOf(caller: string, open: OpenSigned): Suite<SignedSubject, SignatureContext, SignatureRule> {
  return { caller, rules: SIGNATURE_RULES, open, prepare };
}

async function prepare({ put, read, signGet, signPut }: SignedSubject): Promise<SignatureContext> {
  await put("object.bin", BYTES, HEADERS);
  await put("other.bin", Buffer.from("other"), HEADERS);
  return { send, read, signGet, signPut, bytes: BYTES };
}
