// The entry point for authors and operators of a file server. It exports the rules of HTTP for file servers, and the rules for
// signed links.
export type { HttpReply, SendOptions } from "./http/http-client.js";
export {
  httpConformance,
  runHttpRules,
  type HttpConformanceOptions,
  type HttpRunOptions,
  type OpenServer,
} from "./http/http-harness.js";
export type { HttpBreak, HttpHandler, HttpMutant } from "./http/http-mutant.js";
export { HTTP_MUTANTS, SIGNATURE_MUTANTS } from "./http/http-mutants.js";
export {
  checkHttpMutants,
  checkSignatureMutants,
  type HttpMutantVerdict,
  type HttpMutationReport,
} from "./http/http-mutation.js";
export type {
  Fixture,
  FixtureHeaders,
  Fixtures,
  HttpRule,
  HttpRuleContext,
  HttpSubject,
} from "./http/http-rule.js";
export { HTTP_RULES } from "./http/http-rules.js";
export { SIGNATURE_RULES } from "./http/rules/signatures.js";
export {
  runSignatureRules,
  signatureConformance,
  type OpenSigned,
  type SignatureConformanceOptions,
} from "./http/signature-harness.js";
export type {
  SignatureContext,
  SignatureRule,
  SignedRequest,
  SignedSubject,
  UploadLimits,
} from "./http/signature-rule.js";
export type { ServerRule, SuiteOptions } from "./http/suite.js";
export type { RuleOutcome, RunReport, Runner } from "./harness.js";
